// The keys' forms and the signatures. HMAC is checked with OpenSSL's, Ed25519 with the receiver's side of libsodium;
// the wire tests do both again in Python.
#include "delivery/signing.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <vector>

#include "base/test_folder.h"
#include "delivery/event.h"

namespace meterport::delivery {
namespace {

using Bytes = std::vector<unsigned char>;

Bytes from_base64(std::string_view text) {
  Bytes bytes(text.size());
  std::size_t length = 0;
  EXPECT_EQ(sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr,
                              sodium_base64_VARIANT_ORIGINAL),
            0)
      << text;
  bytes.resize(length);
  return bytes;
}

Bytes key_of(const std::string& text, const std::string& prefix) {
  EXPECT_TRUE(text.starts_with(prefix)) << text;
  Bytes key = from_base64(std::string_view(text).substr(prefix.size()));
  EXPECT_EQ(key.size(), 32U);
  return key;
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

class SigningTest : public ::testing::Test {
 protected:
  Result<SigningKeys> open() { return SigningKeys::open(system_files(), folder_ / "keys", system_random()); }
  TestFolder folder_;
};

TEST_F(SigningTest, BothSignaturesVerify) {
  const auto keys = open();
  ASSERT_TRUE(keys.has_value()) << keys.error().text;
  const std::string content = "2KWPBgLlAfxdpx2AI54pPJ.1674087231.Job with jobID: 1 has completed.";
  const std::string header =
      keys->signature("acme", "2KWPBgLlAfxdpx2AI54pPJ", 1'674'087'231, "Job with jobID: 1 has completed.");
  const std::size_t blank = header.find(' ');
  ASSERT_TRUE(header.starts_with("v1,") && header.substr(blank + 1).starts_with("v1a,")) << header;

  const Bytes secret = key_of(keys->secret_of("acme"), "whsec_");
  Bytes mac(32);
  unsigned length = 0;
  ASSERT_NE(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(content), content.size(),
                 mac.data(), &length),
            nullptr);
  EXPECT_EQ(from_base64(std::string_view(header).substr(3, blank - 3)), mac);

  const Bytes open_key = key_of(keys->public_key_of("acme"), "whpk_");
  const Bytes signature = from_base64(std::string_view(header).substr(blank + 5));
  ASSERT_EQ(signature.size(), 64U);
  EXPECT_EQ(crypto_sign_verify_detached(signature.data(), bytes_of(content), content.size(), open_key.data()), 0);
  const std::string other = content + " ";
  EXPECT_NE(crypto_sign_verify_detached(signature.data(), bytes_of(other), other.size(), open_key.data()), 0);
}

TEST_F(SigningTest, EachOrgHasItsOwnKeysAndTheyStay) {
  const auto keys = open(), again = open();
  ASSERT_TRUE(keys.has_value() && again.has_value());
  EXPECT_NE(keys->secret_of("a"), keys->secret_of("b"));
  EXPECT_NE(keys->public_key_of("a"), keys->public_key_of("b"));
  EXPECT_EQ(keys->secret_of("a"), again->secret_of("a"));
  EXPECT_EQ(keys->public_key_of("a"), again->public_key_of("a"));
  EXPECT_EQ(keys->signature("a", "i", 1, "x"), again->signature("a", "i", 1, "x"));
  EXPECT_NE(keys->signature("a", "i", 1, "x"), keys->signature("b", "i", 1, "x"));
}

TEST_F(SigningTest, ARemovedFileGivesNewKeysAndADamagedOneIsNamed) {
  const auto keys = open();
  ASSERT_TRUE(keys.has_value());
  ASSERT_TRUE(system_files().remove(folder_ / "keys/delivery-secret"));
  EXPECT_NE(open()->secret_of("a"), keys->secret_of("a"));
  ASSERT_TRUE(replace_file(system_files(), folder_ / "keys/delivery-secret", "abc\n"));
  const auto damaged = open();
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().kind, ErrorKind::store_unavailable);
  EXPECT_TRUE(damaged.error().text.starts_with("keys/delivery-secret is damaged")) << damaged.error().text;
}

TEST(Event, HasTypeTimestampAndData) {
  EXPECT_EQ(event_json(export_finished, Instant{1'727'856'000'400'000}, R"({"id":"1"})"),
            R"({"type":"export.finished","timestamp":"2024-10-02T08:00:00.4Z","data":{"id":"1"}})");
}

}  // namespace
}  // namespace meterport::delivery
