// X01: each rule of crosswalk 2.1 and 2.2, broken in turn, names its place, and nothing is applied.
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/json_tree.h"
#include "catalog/test_catalog.h"
#include "catalog/test_catalogues.h"

namespace meterport::catalog {
namespace {

struct Broken {
  const char* name;
  const char* file;
  const char* pointer;
};

// Nothing is applied, so all cases can share one catalogue.
class RulesTest : public ::testing::Test, protected TestCatalog {
 protected:
  RulesTest() : TestCatalog("eu") {}
  void SetUp() override { must_import(example_catalogue); }

  void expect_refused(const Broken& broken) {
    SCOPED_TRACE(broken.name);
    const std::string before = exported();
    const auto ledger_end = ledger.log->durable_position();
    const auto refused = import(broken.file);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().field, broken.pointer) << refused.error().text;
    EXPECT_NE(refused.error().text.find(broken.pointer), std::string::npos) << refused.error().text;
    EXPECT_EQ(exported(), before);
    EXPECT_EQ(ledger.log->durable_position(), ledger_end);
  }
};

#define ORG(MEMBERS) "{\"orgs\":[{\"id\":\"n\",\"kind\":\"production\",\"name\":\"N\"," MEMBERS "}]}"
#define METER(MEMBERS) "{\"meters\":[{\"id\":\"n\",\"name\":\"N\"," MEMBERS "}]}"
#define OPENMETER(MEMBERS) METER("\"openmeter\":{" MEMBERS "}")
#define SUBSCRIPTION(MEMBERS) "{\"subscriptions\":[{\"id\":\"n\",\"name\":\"N\"," MEMBERS "}]}"
#define ID65 "12345678901234567890123456789012345678901234567890123456789012345"

const Broken forms[] = {
    {"unknown_top_member", R"({"colours":[]})", "/colours"},
    {"member_twice", R"({"orgs":[{"id":"a","id":"b"}]})", "/orgs/0/id"},
    {"orgs_no_array", R"({"orgs":{}})", "/orgs"},
    {"org_no_object", R"({"orgs":[1]})", "/orgs/0"},
    {"unknown_org_member", ORG(R"("a/b~c":1)"), "/orgs/0/a~1b~0c"},
    {"X02_id_slash", R"({"orgs":[{"id":"a/b","kind":"production","name":"N"}]})", "/orgs/0/id"},
    {"X02_id_blank", R"({"orgs":[{"id":"a b","kind":"production","name":"N"}]})", "/orgs/0/id"},
    {"X02_id_65", R"({"orgs":[{"id":")" ID65 R"(","kind":"production","name":"N"}]})", "/orgs/0/id"},
    {"X02_id_dots", R"({"orgs":[{"id":"..","kind":"production","name":"N"}]})", "/orgs/0/id"},
    {"kind_missing", R"({"orgs":[{"id":"n","name":"N"}]})", "/orgs/0/kind"},
    {"kind_unknown", R"({"orgs":[{"id":"n","kind":"tenant","name":"N"}]})", "/orgs/0/kind"},
    {"name_missing", R"({"orgs":[{"id":"n","kind":"production"}]})", "/orgs/0/name"},
    {"name_empty", R"({"orgs":[{"id":"n","kind":"production","name":""}]})", "/orgs/0/name"},
    {"time_zone", ORG(R"("time_zone":"Mars/Olympus")"), "/orgs/0/time_zone"},
    {"anchor_0", ORG(R"("billing_anchor_day":0)"), "/orgs/0/billing_anchor_day"},
    {"anchor_32", ORG(R"("billing_anchor_day":32)"), "/orgs/0/billing_anchor_day"},
    {"anchor_text", ORG(R"("billing_anchor_day":"1")"), "/orgs/0/billing_anchor_day"},
    {"environment", ORG(R"("environment":"Prod")"), "/orgs/0/environment"},
    {"realm_short", ORG(R"("ids":{"here_realm":"abcd"})"), "/orgs/0/ids/here_realm"},
    {"account_charset", ORG(R"("ids":{"netsuite_account":"12 3"})"), "/orgs/0/ids/netsuite_account"},
    {"status", ORG(R"("status":"gone")"), "/orgs/0/status"},
    {"history_no_day", ORG(R"("history":[{"name":"X"}])"), "/orgs/0/history/0/valid_from"},
    {"history_bad_day", ORG(R"("history":[{"valid_from":"2024-02-30","name":"X"}])"), "/orgs/0/history/0/valid_from"},
    {"history_same_day",
     ORG(R"("history":[{"valid_from":"2024-02-01","name":"X"},{"valid_from":"2024-02-01","status":"active"}])"),
     "/orgs/0/history/1/valid_from"},
    {"history_nothing", ORG(R"("history":[{"valid_from":"2024-02-01"}])"), "/orgs/0/history/0"},
    {"history_kind", ORG(R"("history":[{"valid_from":"2024-02-01","kind":"sandbox"}])"), "/orgs/0/history/0/kind"},
    {"alias_twice", ORG(R"("aliases":["a","a"])"), "/orgs/0/aliases/1"},
    {"meter_no_name", R"({"meters":[{"id":"n"}]})", "/meters/0/names"},
    {"meter_two_names", METER(R"("names":[{"name":"N"}])"), "/meters/0/name"},
    {"meter_names_empty", R"({"meters":[{"id":"n","names":[]}]})", "/meters/0/names"},
    {"meter_names_same_day", R"({"meters":[{"id":"n","names":[{"name":"A"},{"name":"B"}]}]})",
     "/meters/0/names/1/valid_from"},
    {"divisor_0", METER(R"("divisor":"0")"), "/meters/0/divisor"},
    {"divisor_word", METER(R"("divisor":"ten")"), "/meters/0/divisor"},
    {"rate_missing", METER(R"("rates":[{"tier_from":0}])"), "/meters/0/rates/0/ipu_per_unit"},
    {"rate_19_decimals", METER(R"("rates":[{"ipu_per_unit":0.1234567890123456789}])"),
     "/meters/0/rates/0/ipu_per_unit"},
    {"rate_negative", METER(R"("rates":[{"ipu_per_unit":-1}])"), "/meters/0/rates/0/ipu_per_unit"},
    {"tiers_from_5", METER(R"("rates":[{"tier_from":5,"ipu_per_unit":1}])"), "/meters/0/rates"},
    {"tier_inexact", METER(R"("divisor":"1e-9","rates":[{"ipu_per_unit":2},{"tier_from":"1e-10","ipu_per_unit":1}])"),
     "/meters/0/rates/1/tier_from"},
    {"tiers_equal", METER(R"("rates":[{"ipu_per_unit":1},{"tier_from":"0.0","ipu_per_unit":2}])"), "/meters/0/rates"},
    {"here_member", METER(R"("here":{"feature":"x"})"), "/meters/0/here/feature"},
    {"billing_negative", METER(R"("billing":{"block_size":"-1"})"), "/meters/0/billing/block_size"},
    {"billing_hourly", METER(R"("billing":{"hourly":"yes"})"), "/meters/0/billing/hourly"},
    {"slug", OPENMETER(R"("slug":"a__b","event_type":"e","aggregation":"COUNT")"), "/meters/0/openmeter/slug"},
    {"aggregation", OPENMETER(R"("slug":"a","event_type":"e","aggregation":"MEDIAN")"),
     "/meters/0/openmeter/aggregation"},
    {"count_value", OPENMETER(R"("slug":"a","event_type":"e","aggregation":"COUNT","value_property":"$.x")"),
     "/meters/0/openmeter/value_property"},
    {"sum_no_value", OPENMETER(R"("slug":"a","event_type":"e","aggregation":"SUM")"),
     "/meters/0/openmeter/value_property"},
    {"path", OPENMETER(R"("slug":"a","event_type":"e","aggregation":"SUM","value_property":"$.a..b")"),
     "/meters/0/openmeter/value_property"},
    {"group_key", OPENMETER(R"("slug":"a","event_type":"e","aggregation":"COUNT","group_by":{"1a":"$.a"})"),
     "/meters/0/openmeter/group_by/1a"},
    {"group_path",
     OPENMETER(R"("slug":"a","event_type":"e","aggregation":"SUM","value_property":"$['a b'][0]",)"
               R"("group_by":{"a":"$['a b'][0]"})"),
     "/meters/0/openmeter/group_by/a"},
    {"subscription_status", SUBSCRIPTION(R"("org":"acme","status":"ACTIVE")"), "/subscriptions/0/status"},
    {"subscription_term", SUBSCRIPTION(R"("org":"acme","term":{"start":"2024-02-02","end":"2024-02-01"})"),
     "/subscriptions/0/term/end"},
    {"subscription_fields", SUBSCRIPTION(R"("org":"acme","fields":{"a":[1]})"), "/subscriptions/0/fields/a"},
    {"line_number", SUBSCRIPTION(R"("org":"acme","lines":[{"number":0,"meter":"geocode"}])"),
     "/subscriptions/0/lines/0/number"},
    {"line_number_twice",
     SUBSCRIPTION(R"("org":"acme","lines":[{"number":1,"type":"recurring"},{"number":1,"type":"recurring"}])"),
     "/subscriptions/0/lines/1/number"},
    {"line_without_meter", SUBSCRIPTION(R"("org":"acme","lines":[{"number":1}])"), "/subscriptions/0/lines/0/meter"},
    {"region_url", R"({"regions":[{"name":"n","url":"ftp://x"}]})", "/regions/0/url"},
    {"region_key", R"({"regions":[{"name":"n","key":"ed25519:short"}]})", "/regions/0/key"},
};

const Broken between_objects[] = {
    {"org_twice_in_file",
     R"({"orgs":[{"id":"n","kind":"production","name":"N"},{"id":"n","kind":"production","name":"N"}]})", "/orgs/1/id"},
    {"production_with_parent", ORG(R"("parent":"acme")"), "/orgs/0/parent"},
    {"sandbox_without_parent", R"({"orgs":[{"id":"n","kind":"sandbox","name":"N"}]})", "/orgs/0/parent"},
    {"parent_unknown", R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"x"}]})", "/orgs/0/parent"},
    {"sandbox_under_sandbox", R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"acme-test"}]})",
     "/orgs/0/parent"},
    {"sub_under_sub", R"({"orgs":[{"id":"n","kind":"sub-org","name":"N","parent":"acme-eu"}]})", "/orgs/0/parent"},
    {"under_itself", R"({"orgs":[{"id":"n","kind":"sub-org","name":"N","parent":"n"}]})", "/orgs/0/parent"},
    {"cycle",
     R"({"orgs":[{"id":"n","kind":"sub-org","name":"N","parent":"o"},)"
     R"({"id":"o","kind":"sub-org","name":"O","parent":"n"}]})",
     "/orgs/0/parent"},
    {"later_parent",
     R"({"orgs":[{"id":"n","kind":"sandbox","name":"N","parent":"acme",)"
     R"("history":[{"valid_from":"2030-01-01","parent":"acme-us"}]}]})",
     "/orgs/0/history"},
    {"region_unknown", ORG(R"("region":"mars")"), "/orgs/0/region"},
    {"sub_org_region", R"({"orgs":[{"id":"n","kind":"sub-org","name":"N","parent":"acme","region":"us"}]})",
     "/orgs/0/region"},
    {"kind_changed", R"({"orgs":[{"id":"acme-test","kind":"additional-production","name":"N","parent":"acme"}]})",
     "/orgs/0/kind"},
    {"region_changed", R"({"orgs":[{"id":"acme-us","kind":"additional-production","name":"N","parent":"acme"}]})",
     "/orgs/0/region"},
    {"ids_changed", R"({"orgs":[{"id":"acme-eu","kind":"sub-org","name":"N","parent":"acme"}]})",
     "/orgs/0/ids/here_realm"},
    {"informatica_taken", ORG(R"("ids":{"informatica":"4wMFqGlxAKVlIFTixlTSOY"})"), "/orgs/0/ids/informatica"},
    {"account_taken", ORG(R"("ids":{"netsuite_account":"1234567-sb1"})"), "/orgs/0/ids/netsuite_account"},
    {"realm_taken", ORG(R"("ids":{"here_realm":"org112135"})"), "/orgs/0/ids/here_realm"},
    {"informatica_is_an_id", ORG(R"("ids":{"informatica":"acme-us"})"), "/orgs/0/ids/informatica"},
    {"realm_is_an_id", ORG(R"("ids":{"here_realm":"acme-us"})"), "/orgs/0/ids/here_realm"},
    {"id_is_a_realm", R"({"orgs":[{"id":"org112135","kind":"sandbox","name":"N","parent":"acme"}]})", "/orgs/0/id"},
    {"sibling_alias",
     R"({"orgs":[{"id":"m","kind":"sandbox","name":"M","parent":"acme","aliases":["x/y"]},)"
     R"({"id":"n","kind":"sandbox","name":"N","parent":"acme","aliases":["x/y"]}]})",
     "/orgs/1/aliases"},
    {"meter_taken_from_everyone", METER(R"("org":"acme"},{"id":"geocode","name":"G","org":"acme")"), "/meters/1/id"},
    {"meter_twice_in_tenant", METER(R"("org":"acme"},{"id":"n","name":"G","org":"acme-eu")"), "/meters/1/id"},
    {"feature_taken", METER(R"("here":{"feature_id":"hrn:here:service::olp-here:geocode-7"})"),
     "/meters/0/here/feature_id"},
    {"meter_alias_taken", METER(R"("aliases":["s"]},{"id":"o","name":"O","org":"acme","aliases":["s"])"),
     "/meters/1/aliases"},
    {"slug_taken", OPENMETER(R"("slug":"tokens_total","event_type":"e","aggregation":"COUNT")"),
     "/meters/0/openmeter/slug"},
    {"meter_owner_unknown", METER(R"("org":"x")"), "/meters/0/org"},
    {"rate_org_unknown", METER(R"("rates":[{"org":"x","ipu_per_unit":1}])"), "/meters/0/rates"},
    {"rate_org_elsewhere", METER(R"("org":"acme-eu","rates":[{"org":"acme-us","ipu_per_unit":1}])"), "/meters/0/rates"},
    {"subscription_org_unknown", SUBSCRIPTION(R"("org":"x")"), "/subscriptions/0/org"},
    {"subscription_twice", SUBSCRIPTION(R"("org":"acme"},{"id":"n","name":"N","org":"acme")"), "/subscriptions/1/id"},
    {"line_org_elsewhere", SUBSCRIPTION(R"("org":"acme-eu","lines":[{"number":1,"org":"acme-us","meter":"geocode"}])"),
     "/subscriptions/0/lines/0/org"},
    {"line_meter_unknown", SUBSCRIPTION(R"("org":"acme","lines":[{"number":1,"meter":"x"}])"),
     "/subscriptions/0/lines/0/meter"},
    {"line_id_taken", SUBSCRIPTION(R"("org":"acme","lines":[{"number":1,"id":"301","meter":"geocode"}])"),
     "/subscriptions/0/lines/0/id"},
};

TEST_F(RulesTest, X01_EachRuleOfFormBrokenNamesItsPlaceAndNothingIsApplied) {
  for (const Broken& broken : forms) expect_refused(broken);
}

TEST_F(RulesTest, X01_EachRuleBetweenObjectsBrokenNamesItsPlaceAndNothingIsApplied) {
  for (const Broken& broken : between_objects) expect_refused(broken);
}

TEST(Json, NumbersKeepTheirDigitsAndWhatIsNoJsonIsRefused) {
  const auto tree = parse_json(R"({"a":[0.1000000000000000055511151231257827,12345678901234567890,1E3,-0.50]})");
  ASSERT_TRUE(tree);
  const auto& items = tree->find("a")->items;
  EXPECT_EQ(items[0].text, "0.1000000000000000055511151231257827");
  EXPECT_EQ(items[1].text, "12345678901234567890");
  EXPECT_EQ(items[2].text, "1E3");
  EXPECT_EQ(items[3].text, "-0.50");
  for (const char* bad : {"", "{", "{\"a\":}", "[1,]", "{} x", "\"\xFF\"", "{\"a\":01}"}) {
    const auto refused = parse_json(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::malformed) << bad;
  }
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')));
}

TEST(Json, ANumberMayBeBeyondEveryDouble) {
  const std::string digits(500, '7');
  const auto tree = parse_json(R"({"1e400":[1e400,-1E+999999999999,-0,1e-999,"1e400 \\\" 2"],"b":)" + digits + "}");
  ASSERT_TRUE(tree) << tree.error().detail;
  const auto& items = tree->find("1e400")->items;
  EXPECT_EQ(items[0].text, "1e400");
  EXPECT_EQ(items[1].text, "-1E+999999999999");
  EXPECT_EQ(items[2].text, "-0");
  EXPECT_EQ(items[3].text, "1e-999");
  EXPECT_EQ(items[4].text, R"(1e400 \" 2)") << "a text is no number";
  EXPECT_EQ(tree->find("b")->text, digits);
  for (const char* bad :
       {"1e", "-", "1.", ".5", "+1", "1e400x", "[1 2]", "[1-2]", "1.2.3", "[1,02,3]", "{1:2}", "[--1]"}) {
    EXPECT_FALSE(parse_json(bad)) << bad;
  }
}

}  // namespace
}  // namespace meterport::catalog
