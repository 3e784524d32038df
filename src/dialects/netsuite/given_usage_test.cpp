#include "dialects/netsuite/given_usage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dialects/netsuite/test_usages.h"

namespace meterport::netsuite {
namespace {

/// What is said of the usage; "fine" if nothing.
std::string said(std::string_view usage, std::string_view date_format = "M/D/YYYY") {
  const auto given = read_given_usage(tree_of(usage), date_format);
  return given ? "fine" : told(given.error(), usage);
}

GivenUsage must_read(std::string_view usage) {
  auto given = read_given_usage(tree_of(usage), "M/D/YYYY");
  EXPECT_TRUE(given) << usage << ": " << given.error().text;
  return given.value_or(GivenUsage{});
}

/// A good usage with these members in front; a member of it that stands there again must be left out by `without`.
std::string with(std::string_view members, std::string_view without = {}) {
  std::string out = "{" + std::string(members);
  for (const auto& [name, json] : {std::pair("subscriptionId", "1"), std::pair("line", "3"), std::pair("quantity", "5"),
                                   std::pair("date", "\"1/3/2018\"")}) {
    if (without == name || members.find(fmt::format("\"{}\":", name)) != std::string_view::npos) continue;
    out += fmt::format("{}\"{}\":{}", out.size() > 1 ? "," : "", name, json);
  }
  return out + "}";
}

std::string format_error(std::string_view pointer, std::string_view property, std::string_view format) {
  return fmt::format("INVALID_PROPERTY_FORMAT {} The value for {} property has invalid format. Format must be: {}.",
                     pointer, property, format);
}

TEST(GivenUsage, ReadsEveryProperty) {
  const GivenUsage given = must_read(
      R"({"subscriptionId":1,"subscription":"2","subscriptionName":"Ems","sbLookup":{"fieldId":"a","value":"b"},"line":"3",)"
      R"("sbLineLookup":{"fieldId":"c","value":"d"},"quantity":"0.123456785","date":"1/3/2018","memo":"note",)"
      R"("customFields":[{"fieldId":"e","value":{"f":[1.50,null]}},{"fieldId":"e","value":"g"}],"unknown":{}})");
  EXPECT_EQ(given.subscription_id, "1");
  EXPECT_EQ(given.subscription_alias, "2");
  EXPECT_EQ(given.subscription_name, "Ems");
  EXPECT_EQ(given.subscription_lookup->field + given.subscription_lookup->value, "ab");
  EXPECT_EQ(given.line_lookup->field + given.line_lookup->value, "cd");
  EXPECT_EQ(given.line->number, 3);
  EXPECT_EQ(given.line->shown, "3");
  EXPECT_EQ((*given.quantity)->to_text(), "0.123456785");
  EXPECT_EQ(given.date, day_from({2018, 1, 3}));
  EXPECT_EQ(given.memo, "note");
  ASSERT_EQ(given.custom_fields.size(), 2U);
  EXPECT_EQ(given.custom_fields[0].json, R"({"f":[1.50,null]})") << "digits as sent";
  EXPECT_EQ(given.custom_fields[1].json, "\"g\"");
}

TEST(GivenUsage, N37_WhatIsNoObjectAndWhatIsAnEmptyOne) {
  for (const std::string_view usage : {"\"text\"", "7", "[]", "[{}]", "true", "null", "\"\""}) {
    EXPECT_EQ(said(usage), format_error("", "usage", "object")) << usage;
  }
  EXPECT_EQ(said("{}"), "EMPTY_REQUEST_OBJECT  The usage object is empty.");
  EXPECT_EQ(said("{ }"), "EMPTY_REQUEST_OBJECT  The usage object is empty.");
}

TEST(GivenUsage, N36_AnEmptyTextIsRefusedInEveryPropertyButTheMemo) {
  for (const std::string_view name : {"subscriptionId", "subscription", "subscriptionName", "sbLookup", "line",
                                      "sbLineLookup", "quantity", "date", "customFields"}) {
    EXPECT_EQ(said(with(fmt::format(R"("{}":"")", name))),
              fmt::format("EMPTY_REQUEST_PROPERTY /{0} The {0} property is empty.", name));
  }
  for (const std::string_view name : {"sbLookup", "sbLineLookup"}) {
    EXPECT_EQ(said(with(fmt::format(R"("{}":{{"fieldId":"","value":"1"}})", name))),
              fmt::format("EMPTY_REQUEST_PROPERTY /{}/fieldId The fieldId property is empty.", name));
    EXPECT_EQ(said(with(fmt::format(R"("{}":{{"fieldId":"a","value":""}})", name))),
              fmt::format("EMPTY_REQUEST_PROPERTY /{}/value The value property is empty.", name));
  }
  EXPECT_EQ(said(with(R"("customFields":[{"fieldId":"a","value":"b"},{"fieldId":"","value":"b"}])")),
            "EMPTY_REQUEST_PROPERTY /customFields/fieldId The fieldId property is empty.");
  EXPECT_EQ(said(with(R"("customFields":[{"fieldId":"a","value":""}])")),
            "EMPTY_REQUEST_PROPERTY /customFields/value The value property is empty.");
  EXPECT_EQ(said(with(R"("memo":"","unknown":"")")), "fine");
}

TEST(GivenUsage, NullIsTheSameAsAbsent) {
  const GivenUsage given = must_read(with(
      R"("subscription":null,"subscriptionName":null,"sbLookup":null,"sbLineLookup":null,"memo":null,"customFields":null)"));
  EXPECT_FALSE(given.subscription_alias || given.subscription_name || given.subscription_lookup || given.line_lookup);
  EXPECT_TRUE(given.memo.empty() && given.custom_fields.empty());
  EXPECT_EQ(said(with(R"("customFields":[])")), "fine");
  EXPECT_EQ(said(R"({"unknown":null})"), said(with("\"unknown\":null,\"subscriptionId\":null")));
}

TEST(GivenUsage, N36_WhatMustBeThereIsNamed) {
  for (const auto& [property, name] : {std::pair("subscriptionId", "subscription"), std::pair("line", "line"),
                                       std::pair("quantity", "quantity"), std::pair("date", "date")}) {
    const std::string text = fmt::format("REQUIRED_VALUE_NOT_FOUND /{0} {0} isn't found in the usage object.", name);
    EXPECT_EQ(said(with("\"memo\":\"m\"", property)), text);
    EXPECT_EQ(said(with(fmt::format("\"{}\":null", property))), text);
  }
  for (const std::string_view address :
       {R"("subscription":1)", R"("subscriptionName":"x")", R"("sbLookup":{"fieldId":"a","value":"b"})",
        R"("sbLineLookup":{"fieldId":"a","value":"b"})"}) {
    EXPECT_EQ(said(with(address, "subscriptionId")), "fine") << "each is enough: " << address;
  }
  EXPECT_EQ(said(with(R"("sbLineLookup":{"fieldId":"a","value":"b"})", "line")), "fine");
}

TEST(GivenUsage, WholeNumbersMayBeNumbersOrTexts) {
  for (const std::string_view line :
       {"3", "\"3\"", "3.0", "3.000", "0.3e1", "30e-1", "\"003\"", "\"0000000000000000000000003\""}) {
    EXPECT_EQ(must_read(with(fmt::format("\"line\":{}", line))).line->number, 3) << line;
  }
  EXPECT_EQ(must_read(with("\"line\":\"003\"")).line->shown, "003") << "shown as sent";
  EXPECT_EQ(must_read(with("\"line\":\"000\"")).line->number, 0);
}

TEST(GivenUsage, AnIdIsItsDigitsAsTheyAre) {
  for (const std::string_view name : {"subscriptionId", "subscription"}) {
    const auto id_of = [&](std::string_view value) {
      const GivenUsage given = must_read(with(fmt::format("\"{}\":{}", name, value), "subscriptionId"));
      return name == "subscription" ? given.subscription_alias : given.subscription_id;
    };
    EXPECT_EQ(id_of("42"), "42");
    EXPECT_EQ(id_of("42.0"), "42");
    EXPECT_EQ(id_of("\"42\""), "42");
    EXPECT_EQ(id_of("\"0042\""), "0042") << "an id of its own";
    EXPECT_EQ(id_of("-0"), "0");
  }
}

TEST(GivenUsage, AHugeNumberIsOneOfNoLine) {
  EXPECT_EQ(must_read(with("\"line\":999999999999999999")).line->number, 999'999'999'999'999'999);
  for (const std::string& line : {std::string("1000000000000000000"), std::string("9223372036854775808"),
                                  "\"" + std::string(500, '7') + "\"", std::string(500, '7')}) {
    EXPECT_EQ(must_read(with("\"line\":" + line)).line->number, 0) << line;
    EXPECT_EQ(said(with("\"subscriptionId\":" + line)), "fine") << line;
  }
}

TEST(GivenUsage, WhatIsNoWholeNumberIsRefused) {
  for (const std::string_view name : {"subscriptionId", "subscription", "line"}) {
    for (const std::string_view value : {"\"abc\"", "1.5", "-1", "\"-1\"", "\"3.0\"", "\"+3\"", "\" 3\"", "\"3 \"",
                                         "\"1e2\"", "1e-1", "true", "[]", "[3]", "{}", "\"\u0663\""}) {
      EXPECT_EQ(said(with(fmt::format("\"{}\":{}", name, value))),
                format_error(fmt::format("/{}", name), name, "number"))
          << value;
    }
  }
}

TEST(GivenUsage, N39_AQuantityIsANumberKeptExactly) {
  for (const auto& [json, text] :
       {std::pair("0.123456785", "0.123456785"), std::pair("\"5\"", "5"), std::pair("5.0", "5"),
        std::pair("1e3", "1000"), std::pair("0", "0"), std::pair("-0", "0"), std::pair("\"-0.5\"", "-0.5"),
        std::pair("1e-18", "0.000000000000000001"), std::pair("9999999999.99999999", "9999999999.99999999")}) {
    EXPECT_EQ((*must_read(with(fmt::format("\"quantity\":{}", json))).quantity)->to_text(), text);
  }
  for (const std::string_view value : {"\"abc\"", "\"1,5\"", "\"0x10\"", "\"NaN\"", "\"+5\"", "\" 5\"", "\"5 \"",
                                       "\"5.\"", "\".5\"", "\"05\"", "true", "[]", "{}"}) {
    EXPECT_EQ(said(with(fmt::format("\"quantity\":{}", value))), format_error("/quantity", "quantity", "number"))
        << value;
  }
  // Too large or too fine is no matter of form: it is judged last, as USER_ERROR.
  EXPECT_EQ(must_read(with("\"quantity\":1e18")).quantity->error(), DecimalError::out_of_range);
  EXPECT_EQ(must_read(with("\"quantity\":1e999999999999")).quantity->error(), DecimalError::out_of_range);
  EXPECT_EQ(must_read(with("\"quantity\":0.1234567890123456789")).quantity->error(), DecimalError::not_exact);
}

TEST(GivenUsage, N38_ADateIsATextOfTheAccountsFormat) {
  for (const std::string_view value :
       {"\"2/30/2018\"", "\"13/1/2018\"", "\"2018-01-03\"", "20180103", "true", "[]", "{}"}) {
    EXPECT_EQ(said(with(fmt::format("\"date\":{}", value))), format_error("/date", "date", "M/D/YYYY")) << value;
    EXPECT_EQ(said(with(fmt::format("\"date\":{}", value)), "D MONTH, YYYY"),
              format_error("/date", "date", "D MONTH, YYYY"));
  }
  EXPECT_EQ(said(with("\"date\":\"2018-01-03\""), "YYYY-MM-DD"), "fine");
}

TEST(GivenUsage, TextsAndObjectsMustBeThat) {
  for (const std::string_view value : {"7", "true", "[]", "{}"}) {
    EXPECT_EQ(said(with(fmt::format("\"subscriptionName\":{}", value))),
              format_error("/subscriptionName", "subscriptionName", "string"));
  }
  for (const std::string_view name : {"sbLookup", "sbLineLookup"}) {
    for (const std::string_view value : {"7", "\"1001\"", "[]", "true"}) {
      EXPECT_EQ(said(with(fmt::format("\"{}\":{}", name, value))),
                format_error(fmt::format("/{}", name), name, "object"));
    }
    EXPECT_EQ(said(with(fmt::format(R"("{}":{{"fieldId":7,"value":"1"}})", name))),
              format_error(fmt::format("/{}/fieldId", name), "fieldId", "string"));
    for (const std::string_view value : {"[]", "{}"}) {
      EXPECT_EQ(said(with(fmt::format(R"("{}":{{"fieldId":"a","value":{}}})", name, value))),
                format_error(fmt::format("/{}/value", name), "value", "string"));
    }
  }
  for (const std::string_view value : {"7", "\"data\"", "{}", "true"}) {
    EXPECT_EQ(said(with(fmt::format("\"customFields\":{}", value))),
              format_error("/customFields", "customFields", "array"));
  }
  for (const std::string_view item : {"7", "\"data\"", "[]", "null"}) {
    EXPECT_EQ(said(with(fmt::format("\"customFields\":[{}]", item))),
              format_error("/customFields", "customFields", "object"));
  }
  EXPECT_EQ(said(with(R"("customFields":[{"fieldId":7,"value":1}])")),
            format_error("/customFields/fieldId", "fieldId", "string"));
  EXPECT_EQ(said(with("\"memo\":{}")), format_error("/memo", "memo", "string"));
  EXPECT_EQ(said(with("\"memo\":[]")), format_error("/memo", "memo", "string"));
}

TEST(GivenUsage, ALookupsValueAndAMemoMayBeAnyScalarAndAreReadAsText) {
  for (const auto& [json, text] : {std::pair("1001", "1001"), std::pair("10.50", "10.50"), std::pair("true", "true"),
                                   std::pair("false", "false"), std::pair("\"1001\"", "1001")}) {
    EXPECT_EQ(
        must_read(with(fmt::format(R"("sbLookup":{{"fieldId":"a","value":{}}})", json))).subscription_lookup->value,
        text);
    EXPECT_EQ(must_read(with(fmt::format("\"memo\":{}", json))).memo, text);
  }
}

TEST(GivenUsage, N35_ALookupOrFieldWithoutAMember) {
  for (const std::string_view name : {"sbLookup", "sbLineLookup"}) {
    const std::string text =
        fmt::format("MISSING_REQUEST_PROPERTY /{0}/{{0}} The {{0}} property is missing in {0} object.", name);
    for (const std::string_view members : {"{}", R"({"value":"1"})", R"({"fieldId":null,"value":"1"})"}) {
      EXPECT_EQ(said(with(fmt::format("\"{}\":{}", name, members))), fmt::format(fmt::runtime(text), "fieldId"))
          << members;
    }
    for (const std::string_view members : {R"({"fieldId":"a"})", R"({"fieldId":"a","value":null})"}) {
      EXPECT_EQ(said(with(fmt::format("\"{}\":{}", name, members))), fmt::format(fmt::runtime(text), "value"))
          << members;
    }
  }
  EXPECT_EQ(said(with(R"("customFields":[{"fieldId":"a","value":1},{"value":1}])")),
            "MISSING_REQUEST_PROPERTY /customFields/fieldId The fieldId property is missing in customFields object.");
  EXPECT_EQ(said(with(R"("customFields":[{"fieldId":"a","value":null}])")),
            "MISSING_REQUEST_PROPERTY /customFields/value The value property is missing in customFields object.");
  EXPECT_EQ(said(with(R"("customFields":[{}])")),
            "MISSING_REQUEST_PROPERTY /customFields/fieldId The fieldId property is missing in customFields object.");
}

// Section 5: object, empty object, empty properties, formats, lookup members, required values. Each pair has both
// errors, the one of the later check in front.
TEST(GivenUsage, OfTwoErrorsTheEarlierCheckWins) {
  const std::string empty_date = "EMPTY_REQUEST_PROPERTY /date The date property is empty.";
  EXPECT_EQ(said(with(R"("quantity":"abc","date":"")")), empty_date);
  EXPECT_EQ(said(with(R"("sbLookup":{},"date":"")")), empty_date);
  EXPECT_EQ(said(with(R"("date":"")", "subscriptionId")), empty_date);
  EXPECT_EQ(said(with(R"("line":"x","customFields":[{"fieldId":"a","value":""}])")),
            "EMPTY_REQUEST_PROPERTY /customFields/value The value property is empty.");

  const std::string bad_date = format_error("/date", "date", "M/D/YYYY");
  EXPECT_EQ(said(with(R"("sbLookup":{"fieldId":"a"},"date":"2018")")), bad_date);
  EXPECT_EQ(said(with(R"("customFields":[{}],"date":"2018")")), bad_date);
  EXPECT_EQ(said(with(R"("date":"2018")", "line")), bad_date);
  EXPECT_EQ(said(with(R"("customFields":[7],"sbLineLookup":{})", "line")),
            format_error("/customFields", "customFields", "object"));

  const std::string no_value =
      "MISSING_REQUEST_PROPERTY /sbLookup/value The value property is missing in sbLookup object.";
  for (const std::string_view without : {"line", "quantity", "date"}) {
    EXPECT_EQ(said(with(R"("sbLookup":{"fieldId":"a"})", without)), no_value) << without;
  }
  EXPECT_EQ(said(R"({"customFields":[{}]})"),
            "MISSING_REQUEST_PROPERTY /customFields/fieldId The fieldId property is missing in customFields object.");
}

}  // namespace
}  // namespace meterport::netsuite
