#include "formats/json_outline.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace meterport::formats {
namespace {

std::vector<std::string> items_of(const std::string& text, const JsonOutline& outline) {
  std::vector<std::string> out;
  for (const TextRange& range : outline.items) out.push_back(text.substr(range.begin, range.size));
  return out;
}

TEST(JsonOutline, MembersAndItemsAreTheTextsThatWereSent) {
  std::string text =
      " { \"method\" : \"m\\u0031\" ,\n\"usages\":[ {\"a\" : 5.0 } , 7,\"x, ]\",[1,[2]] , null ] , \"n\":1 } ";
  const auto outline = outline_json(text, "usages", 5);
  ASSERT_TRUE(outline) << outline.error().text;
  ASSERT_EQ(outline->members.size(), 3U);
  EXPECT_EQ(outline->members[0].name, "method");
  EXPECT_EQ(outline->members[0].value, "\"m\\u0031\"");
  EXPECT_EQ(outline->members[2].value, "1");
  EXPECT_EQ(items_of(text, *outline), (std::vector<std::string>{"{\"a\" : 5.0 }", "7", "\"x, ]\"", "[1,[2]]", "null"}));
}

TEST(JsonOutline, TheDocumentsOwnItems) {
  std::string text = "[{\"a\":1},{}]";
  const auto outline = outline_json(text, "", 5);
  ASSERT_TRUE(outline);
  EXPECT_EQ(items_of(text, *outline), (std::vector<std::string>{"{\"a\":1}", "{}"}));
  std::string empty = "[ ]";
  EXPECT_TRUE(outline_json(empty, "", 5)->items.empty());
}

TEST(JsonOutline, AMemberThatIsNoArrayHasNoItems) {
  std::string text = R"({"usages":{"a":[1,2]}})";
  const auto outline = outline_json(text, "usages", 5);
  ASSERT_TRUE(outline);
  EXPECT_TRUE(outline->items.empty());
  EXPECT_EQ(outline->members[0].value, R"({"a":[1,2]})");
}

TEST(JsonOutline, MoreItemsThanAllowedAreTooLarge) {
  std::string text = "[1,2,3,4,5,6]";
  const auto outline = outline_json(text, "", 5);
  ASSERT_FALSE(outline);
  EXPECT_EQ(outline.error().kind, ErrorKind::too_large);
}

TEST(JsonOutline, HalfASurrogatePairIsGrammaticalAndConcernsItsItemAlone) {
  std::string text = R"([{"a":"\ud800 \u00e9 \"\\\/\b"}])";
  EXPECT_TRUE(outline_json(text, "", 5));
  for (std::string bad : {R"(["\u12g4"])", R"(["\u12"])", R"(["\x"])"}) EXPECT_FALSE(outline_json(bad, "", 5)) << bad;
}

TEST(JsonOutline, NullIsADocument) {
  std::string text = " null\n";
  const auto outline = outline_json(text, "usages", 5);
  ASSERT_TRUE(outline);
  EXPECT_EQ(outline->value, "null");
}

TEST(JsonOutline, WhatIsNoJsonIsRefusedWhereverItStands) {
  const std::string deep = "{\"a\":" + std::string(70, '[') + std::string(70, ']') + "}";
  for (std::string text :
       {std::string(""), std::string("  "), std::string("5"), std::string("\"a\""), std::string("{"),
        std::string("{}}"), std::string("{} x"), std::string(R"({"usages":[{"a":tru}]})"),
        std::string(R"({"usages":[1,]})"), std::string(R"({"usages":[01]})"),
        std::string(R"({"usages":[{"a":1 "b":2}]})"), std::string("[1 2]"), std::string(R"({"a":1,"a":2})"),
        std::string("{\"a\":\"\xff\"}"), std::string(R"({"usages":["\q"]})"), std::string("nul"), deep}) {
    const std::string shown = text;
    const auto outline = outline_json(text, "usages", 5);
    ASSERT_FALSE(outline) << shown;
    EXPECT_EQ(outline.error().kind, ErrorKind::malformed) << shown;
  }
}

TEST(JsonOutline, CompactMeansWithoutBlanksBetweenTokens) {
  std::string out;
  append_compact_json(out, "{ \"a b\" : \"x \\\" y\" ,\t\"c\\\\\" : [ 1 ,\r\n2.50 ] }");
  EXPECT_EQ(out, R"({"a b":"x \" y","c\\":[1,2.50]})");
}

}  // namespace
}  // namespace meterport::formats
