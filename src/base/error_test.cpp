#include "base/error.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace meterport {
namespace {

Result<int> digit(char c) {
  if (c < '0' || c > '9') return fail(ErrorKind::invalid, "digit: must be 0 to 9", "got something else", "digit");
  return c - '0';
}

Result<std::string> doubled(char c) {
  Result<int> value = digit(c);
  if (!value) return fail(std::move(value));
  return std::to_string(*value * 2);
}

TEST(Error, PassesThroughTypesUnchanged) {
  EXPECT_EQ(doubled('4').value(), "8");
  const Result<std::string> failed = doubled('x');
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind, ErrorKind::invalid);
  EXPECT_EQ(failed.error().text, "digit: must be 0 to 9");
  EXPECT_EQ(failed.error().detail, "got something else");
  EXPECT_EQ(failed.error().field, "digit");
}

TEST(Error, KindsPrintTheirNames) {
  EXPECT_EQ(to_string(ErrorKind::bad_credentials), "bad_credentials");
  EXPECT_EQ(to_string(ErrorKind::not_found), "not_found");
  EXPECT_EQ(to_string(ErrorKind::region_unavailable), "region_unavailable");
  EXPECT_EQ(to_string(ErrorKind::internal), "internal");
}

}  // namespace
}  // namespace meterport
