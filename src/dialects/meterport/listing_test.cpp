#include "dialects/meterport/listing.h"

#include <gtest/gtest.h>

namespace meterport::api {
namespace {

TEST(Page, NamesTheNextOnlyWhenThereIsOne) {
  Page whole("things", 2);
  for (const char* token : {"a", "b"}) {
    ASSERT_TRUE(whole.has_room());
    whole.add("{}", token);
  }
  EXPECT_EQ(whole.response().body, R"({"things":[{},{}],"next_page_token":""})");

  Page full("things", 1);
  ASSERT_TRUE(full.has_room());
  full.add("1", "a");
  EXPECT_FALSE(full.has_room());
  EXPECT_EQ(full.response().body, R"({"things":[1],"next_page_token":"a"})");

  EXPECT_EQ(Page("things", 1).response().body, R"({"things":[],"next_page_token":""})");
}

TEST(OwnedToken, OrdersByIdThenOwner) {
  const std::string token = owned_token("b", "org2");
  EXPECT_EQ(token, "b~org2");
  EXPECT_TRUE(is_after("", "a", ""));
  EXPECT_FALSE(is_after(token, "a", "org9"));
  EXPECT_FALSE(is_after(token, "b", ""));
  EXPECT_FALSE(is_after(token, "b", "org2"));
  EXPECT_TRUE(is_after(token, "b", "org3"));
  EXPECT_TRUE(is_after(token, "b.1", ""));
  EXPECT_TRUE(is_after("b", "b", "org1")) << "a token cut short is of no owner";
}

}  // namespace
}  // namespace meterport::api
