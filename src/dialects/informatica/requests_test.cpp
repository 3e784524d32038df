#include "dialects/informatica/requests.h"

#include <gtest/gtest.h>

namespace meterport::informatica {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string login_with(const std::string& password) {
  return R"({"username":"ana","password":")" + password + R"("})";
}

// informatica.md 2.1: at most 255 characters, whatever bytes they take.
TEST(Credentials, AreCountedInCharacters) {
  for (const int count : {1, 200, 255}) {
    const std::string umlauts = repeated("\u00e4", count);
    const auto credentials = parse_credentials(login_with(umlauts));
    ASSERT_TRUE(credentials.has_value()) << count << ": " << credentials.error().text;
    EXPECT_EQ(credentials->password, umlauts);
  }
  EXPECT_EQ(parse_credentials(login_with(repeated("\u00e4", 256))).error().field, "password");
  EXPECT_EQ(parse_credentials(login_with("")).error().field, "password");
}

}  // namespace
}  // namespace meterport::informatica
