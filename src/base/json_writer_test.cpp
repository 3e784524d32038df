#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace meterport {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, SetsCommasItself) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("id", "r1").field("count", 3).key("tags").begin_array().string("a").string("b");
  json.begin_object().end_object().begin_array().end_array().null().boolean(true).end_array();
  json.null_field("end").field("done", false).key("raw").raw(R"({"x":1})").end_object();
  EXPECT_EQ(out, R"({"id":"r1","count":3,"tags":["a","b",{},[],null,true],"end":null,"done":false,"raw":{"x":1}})");
}

TEST(JsonWriter, WritesWholeNumbersOfEverySize) {
  std::string out;
  JsonWriter json(out);
  json.begin_array()
      .number(std::numeric_limits<std::int64_t>::min())
      .number(std::numeric_limits<std::uint64_t>::max())
      .number(std::int64_t{0})
      .end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,0]");
}

TEST(JsonWriter, TakesASingleValue) {
  std::string out;
  JsonWriter(out).string("alone");
  EXPECT_EQ(out, "\"alone\"");
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "data: ";
  JsonWriter(out).begin_object().field("a", std::uint64_t{1}).end_object();
  EXPECT_EQ(out, R"(data: {"a":1})");
}

TEST(JsonString, EscapesWhatRfc8259Demands) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("say \"hi\" \\ back/slash"), R"("say \"hi\" \\ back/slash")");
  EXPECT_EQ(quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(quoted(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(quoted("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), "\"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(quoted("\"\""), R"("\"\"")");
}

TEST(JsonWriter, EscapesKeysToo) {
  std::string out;
  JsonWriter(out).begin_object().field("a\"b", "c").end_object();
  EXPECT_EQ(out, R"({"a\"b":"c"})");
}

TEST(Utf8, AcceptsWellFormedText) {
  for (const char* text : {"", "plain ASCII of some length", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
                           "eight by\xc3\xa4te runs and \xf0\x9f\x98\x80 more than that"}) {
    EXPECT_TRUE(is_utf8(text)) << quoted(text);
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesEverythingElse) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xff",
                           "\xfe",
                           "\xc3",
                           "\xe2\x82",
                           "\xf0\x9f\x98",
                           "\xc3(",
                           "\xe2(\xa1",
                           "\xe2\x82(",
                           "\xf0\x9f\x98(",
                           "exactly\x80 eight bytes before",
                           "ends in the middle of \xf0\x9f"}) {
    EXPECT_FALSE(is_utf8(text)) << quoted(text);
  }
}

/// Every code point by itself, and with a surrogate's bytes, against the definition.
TEST(Utf8, KnowsEveryCodePoint) {
  for (std::uint32_t code = 0x800; code < 0x10000; ++code) {
    const std::string text{static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
                           static_cast<char>(0x80 | (code & 0x3F))};
    ASSERT_EQ(is_utf8(text), code < 0xD800 || code > 0xDFFF) << code;
  }
  for (std::uint32_t code = 0; code < 0x200000; code += 61) {
    const std::string text{static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)),
                           static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
    ASSERT_EQ(is_utf8(text), code >= 0x10000 && code <= 0x10FFFF) << code;
  }
}

TEST(Utf8, CharactersAreCodePointsNotBytes) {
  EXPECT_EQ(utf8_characters(""), 0U);
  EXPECT_EQ(utf8_characters("abc"), 3U);
  EXPECT_EQ(utf8_characters("\u00fc\u6771\U0001F600"), 3U);
}

}  // namespace
}  // namespace meterport
