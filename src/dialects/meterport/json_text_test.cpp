#include "dialects/meterport/json_text.h"

#include <gtest/gtest.h>

namespace meterport::api {
namespace {

using catalog::JsonValue;

JsonValue tree(std::string_view text) {
  auto value = catalog::parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : JsonValue{};
}

std::string text(const JsonValue& value) {
  std::string out;
  JsonWriter writer(out);
  catalog::append_json(writer, value);
  return out;
}

std::string merged(std::string_view target, std::string_view patch) {
  JsonValue value = tree(target);
  merge_patch(value, tree(patch));
  return text(value);
}

// The cases of RFC 7396, appendix A, that patch an object.
TEST(MergePatch, FollowsTheRfc) {
  EXPECT_EQ(merged(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(merged(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(merged(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(merged(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(merged(R"({"a":"foo"})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
}

TEST(MergePatch, NumbersKeepTheirDigits) {
  EXPECT_EQ(merged(R"({})", R"({"rate":0.100000000000000005})"), R"({"rate":0.100000000000000005})");
}

TEST(Relocated, TellsOfTheObjectAlone) {
  const Error inner{
      ErrorKind::invalid, "/orgs/0/history/2/status: must be one of active", {}, "/orgs/0/history/2/status"};
  const Error outer = relocated(relocated(inner, "/orgs/0", ""), "/history/2", "");
  EXPECT_EQ(outer.field, "/status");
  EXPECT_EQ(outer.text, "/status: must be one of active");
}

TEST(QueryTexts, AreReadWhole) {
  EXPECT_EQ(parse_time_or_day("2024-09-01", "from")->us, parse_time_or_day("2024-09-01T00:00:00Z", "from")->us);
  for (const char* bad : {"", "2024-9-1", "2024-13-01", "2024-09-01T00:00:00", "yesterday", "2024-09-01Z"}) {
    const auto parsed = parse_time_or_day(bad, "from");
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().field, "from");
  }
  EXPECT_EQ(*parse_count("30", "wait", 30), 30u);
  for (const char* bad : {"", "31", "-1", "1.0", " 1", "1 "}) EXPECT_FALSE(parse_count(bad, "wait", 30)) << bad;
  EXPECT_TRUE(*parse_flag("true", "x"));
  EXPECT_FALSE(*parse_flag("", "x"));
  EXPECT_FALSE(parse_flag("yes", "x"));
}

}  // namespace
}  // namespace meterport::api
