#include "dialects/meterport/range.h"

#include <gtest/gtest.h>

namespace meterport::api {
namespace {

constexpr std::uint64_t file_bytes = 1'000;

void expect_part(std::string_view header, std::uint64_t offset, std::uint64_t bytes) {
  const RangeAnswer answer = parse_range(header, file_bytes);
  EXPECT_EQ(answer.kind, RangeKind::part) << header;
  EXPECT_EQ(answer.range.offset, offset) << header;
  EXPECT_EQ(answer.range.bytes, bytes) << header;
}

TEST(Range, OneRangeIsThatPart) {
  expect_part("bytes=0-0", 0, 1);
  expect_part("bytes=0-99", 0, 100);
  expect_part("bytes=900-", 900, 100);
  expect_part("bytes=900-5000", 900, 100);
  expect_part("bytes=-10", 990, 10);
  expect_part("bytes=-5000", 0, 1'000);
  expect_part("bytes=999-999", 999, 1);
}

TEST(Range, WhatBeginsBehindTheEndCannotBeMet) {
  for (const char* header : {"bytes=1000-", "bytes=1000-1001", "bytes=-0"}) {
    EXPECT_EQ(parse_range(header, file_bytes).kind, RangeKind::unsatisfiable) << header;
  }
  EXPECT_EQ(parse_range("bytes=-1", 0).kind, RangeKind::unsatisfiable);
}

TEST(Range, WhatCannotBeReadIsTheWholeFile) {
  for (const char* header : {"", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,5-6", "lines=0-1",
                             "bytes=99999999999999999999-"}) {
    const RangeAnswer answer = parse_range(header, file_bytes);
    EXPECT_EQ(answer.kind, RangeKind::whole) << header;
    EXPECT_EQ(answer.range.bytes, file_bytes) << header;
  }
}

TEST(Range, EtagsAreComparedWeakly) {
  EXPECT_TRUE(matches_etag("\"a-1\"", "\"a-1\""));
  EXPECT_TRUE(matches_etag("\"x\", W/\"a-1\"", "\"a-1\""));
  EXPECT_TRUE(matches_etag("*", "\"a-1\""));
  EXPECT_FALSE(matches_etag("\"a-2\"", "\"a-1\""));
  EXPECT_FALSE(matches_etag("", "\"a-1\""));
}

}  // namespace
}  // namespace meterport::api
