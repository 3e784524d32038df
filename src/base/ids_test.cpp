#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace meterport {
namespace {

TEST(Ids, KnowsSafeOnes) {
  for (const char* id : {"a", "Org-1", "1234567890123", "a.b_c-D", "...", "-", "_"}) EXPECT_TRUE(is_safe_id(id)) << id;
  EXPECT_TRUE(is_safe_id(std::string(64, 'x')));
  for (const char* id : {"", ".", "..", "a b", "a/b", "\xc3\xa4", "a\n", "a%20"}) EXPECT_FALSE(is_safe_id(id)) << id;
  EXPECT_FALSE(is_safe_id(std::string(65, 'x')));
  EXPECT_FALSE(is_safe_id(std::string_view("a\0b", 3)));
}

// Crosswalk X11: the vectors of 5.1.
TEST(Ids, MapsForeignIdsAsTheContractsVectors) {
  EXPECT_EQ(safe_id_of("/providers/Microsoft.Billing/billingAccounts/8611537"),
            "providers-Microsoft.Billing-billingAccounts-8611537-6be395c6c7a7");
  EXPECT_EQ(safe_id_of("ocid6.tenancy.oc6..aaaaaaaa2fs7w19bi9iupcjqv8zayogd78eziinl2hu7rkdvmuhsavhbmkma"),
            "fs7w19bi9iupcjqv8zayogd78eziinl2hu7rkdvmuhsavhbmkma-25ecb9092907");
  EXPECT_EQ(safe_id_of("a b"), "a-b-c8687a08aa5d");
  EXPECT_EQ(safe_id_of(".."), "id-5ec1f7e700f3");
  EXPECT_EQ(safe_id_of("1234567890123"), "1234567890123");
}

TEST(Ids, MappedIdsAreSafe) {
  EXPECT_EQ(safe_id_of(""), "id-e3b0c44298fc");  // SHA-256 of nothing
  const std::unique_ptr<Random> random = seeded_random(31);
  for (int i = 0; i < 5'000; ++i) {
    std::string any(static_cast<std::size_t>(i % 200), '\0');
    random->fill({reinterpret_cast<std::uint8_t*>(any.data()), any.size()});
    for (char& c : any) c = c % 3 == 0 ? '.' : c % 5 == 0 ? static_cast<char>('a' + (c & 15)) : c;
    const std::string safe = safe_id_of(any);
    ASSERT_TRUE(is_safe_id(safe)) << safe;
    ASSERT_EQ(safe_id_of(safe), safe);
  }
}

TEST(Ids, FreshOnesAreBase62AndDiffer) {
  std::set<std::string> seen;
  std::set<char> characters;
  for (int i = 0; i < 2'000; ++i) {
    const std::string id = make_id22(system_random());
    ASSERT_EQ(id.size(), 22U);
    ASSERT_TRUE(is_safe_id(id));
    ASSERT_EQ(id.find_first_of("._-"), std::string::npos);
    characters.insert(id.begin(), id.end());
    ASSERT_TRUE(seen.insert(id).second);
  }
  EXPECT_EQ(characters.size(), 62U);
  EXPECT_EQ(make_secret(system_random()).size(), 40U);
}

TEST(Ids, RepeatUnderOneSeed) {
  EXPECT_EQ(make_id22(*seeded_random(7)), make_id22(*seeded_random(7)));
  EXPECT_NE(make_id22(*seeded_random(7)), make_id22(*seeded_random(8)));
}

}  // namespace
}  // namespace meterport
