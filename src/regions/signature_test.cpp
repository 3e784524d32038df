#include "regions/signature.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace meterport::regions {
namespace {

RegionKey key_number(std::uint8_t n) {
  RegionKey::Seed seed{};
  seed.fill(n);
  return RegionKey::of(seed);
}

CallHead some_call(const RegionKey& key) {
  return {.method = "POST",
          .path = "/peer/v1/parts",
          .query = "",
          .digest = content_digest(sha256("body")),
          .from = "eu",
          .to = "us",
          .created = 1'700'000'000,
          .nonce = "abcdefghijABCDEFGHIJ0123",
          .key = key.public_text()};
}

std::optional<CallHead> read_back(const Headers& headers, std::string& signature) {
  return read_call(headers, "POST", "/peer/v1/parts", "", signature);
}

void replace(Headers& headers, std::string_view name, std::string value) {
  for (auto& [known, old] : headers) {
    if (known == name) old = value;
  }
}

std::string value_of(const Headers& headers, std::string_view name) {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return {};
}

TEST(RegionKey, IsMadeOnceAndReadAgain) {
  const TestFolder folder;
  auto made = RegionKey::open(system_files(), folder / "keys", system_random());
  auto again = RegionKey::open(system_files(), folder / "keys", system_random());
  ASSERT_TRUE(made && again);
  EXPECT_EQ(made->public_text(), again->public_text());
  EXPECT_TRUE(made->public_text().starts_with("ed25519:"));
  EXPECT_EQ(made->public_text().size(), 8U + 43U);
  ASSERT_TRUE(replace_file(system_files(), folder / "keys/region-key", "00ff\n"));
  const auto damaged = RegionKey::open(system_files(), folder / "keys", system_random());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().kind, ErrorKind::store_unavailable);
}

// RFC 8032 7.1, test 2.
TEST(RegionKey, SignsAsTheRfcSays) {
  RegionKey::Seed seed{};
  ASSERT_TRUE(from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", seed));
  const RegionKey key = RegionKey::of(seed);
  EXPECT_EQ(key.public_text(), "ed25519:PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
  const std::string signature = key.sign("\x72");
  EXPECT_TRUE(is_signed_by(key.public_text(), signature, "\x72"));
  EXPECT_EQ(signature.substr(0, 16), "kqAJqfDUyrhyDoIL");
  EXPECT_FALSE(is_signed_by(key.public_text(), signature, "\x73"));
  EXPECT_FALSE(is_signed_by(key_number(1).public_text(), signature, "\x72"));
  EXPECT_FALSE(is_signed_by("ed25519:short", signature, "\x72"));
  EXPECT_FALSE(is_signed_by(key.public_text(), signature.substr(4), "\x72"));
}

TEST(Signature, OfACallIsReadBack) {
  const RegionKey key = key_number(3);
  const Headers headers = sign_call(some_call(key), key);
  EXPECT_EQ(value_of(headers, "Signature-Input"),
            R"(call=("@method" "@path" "@query" "content-digest" "meterport-from" "meterport-to");created=1700000000;)"
            R"(nonce="abcdefghijABCDEFGHIJ0123";keyid=")" +
                key.public_text() + R"(";alg="ed25519")");
  std::string signature;
  const auto head = read_back(headers, signature);
  ASSERT_TRUE(head);
  EXPECT_TRUE(verifies(*head, signature));
  EXPECT_EQ(head->from, "eu");
  EXPECT_EQ(head->created, 1'700'000'000);
  EXPECT_EQ(signature, signature_of(headers));
}

TEST(Signature, CoversEveryComponentOfACall) {
  const RegionKey key = key_number(3);
  const CallHead good = some_call(key);
  const std::string signature = signature_of(sign_call(good, key));
  ASSERT_TRUE(verifies(good, signature));
  const auto fails_with = [&](auto change) {
    CallHead head = good;
    change(head);
    return !verifies(head, signature);
  };
  EXPECT_TRUE(fails_with([](CallHead& head) { head.method = "GET"; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.path = "/peer/v1/totals"; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.query = "after=1"; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.digest = content_digest(sha256("Body")); }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.from = "us"; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.to = "ap"; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { ++head.created; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.nonce.back() = '4'; }));
  EXPECT_TRUE(fails_with([](CallHead& head) { head.key = key_number(4).public_text(); }));
}

TEST(Signature, OtherFormsOfACallAreNone) {
  const RegionKey key = key_number(3);
  const Headers good = sign_call(some_call(key), key);
  std::string signature;
  for (const char* name : {"Content-Digest", "Meterport-From", "Meterport-To", "Signature-Input", "Signature"}) {
    Headers missing = good, twice = good;
    std::erase_if(missing, [&](const auto& header) { return header.first == name; });
    twice.emplace_back(name, value_of(good, name));
    EXPECT_FALSE(read_back(missing, signature)) << name;
    EXPECT_FALSE(read_back(twice, signature)) << name;
  }
  const std::string input = value_of(good, "Signature-Input");
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"1700000000", "01700000000"},
                                                                                 {"1700000000", "-1700000000"},
                                                                                 {"1700000000", "99999999999999999999"},
                                                                                 {"abcdefghij", "a-cdefghij"},
                                                                                 {"abcdefghij", "a"},
                                                                                 {"\"@query\" ", ""},
                                                                                 {"ed25519\"", "ed25519\";x=1"},
                                                                                 {";nonce", "; nonce"}}) {
    Headers other = good;
    std::string changed = input;
    const std::size_t at = from.starts_with("ed25519") ? changed.rfind(from) : changed.find(from);
    replace(other, "Signature-Input", changed.replace(at, from.size(), to));
    EXPECT_FALSE(read_back(other, signature)) << to;
  }
  for (const char* digest : {"sha-512=:AAAA:", "sha-256=:AAAA:", "sha-256=AAAA", ""}) {
    Headers other = good;
    replace(other, "Content-Digest", digest);
    EXPECT_FALSE(read_back(other, signature)) << digest;
  }
}

TEST(Signature, OfAnAnswerHoldsForItsCallAlone) {
  const RegionKey key = key_number(5);
  const AnswerHead head{.status = 200,
                        .bytes = 4,
                        .digest = content_digest(sha256("body")),
                        .call_signature = key_number(1).sign("call"),
                        .created = 7};
  Headers headers = sign_answer(head, key);
  headers.emplace_back("content-length", "4");
  std::uint64_t bytes = 0;
  const auto digest = [&](const Headers& given, int status, std::string_view call, const RegionKey& by) {
    return verified_digest(given, status, call, by.public_text(), bytes);
  };
  EXPECT_EQ(digest(headers, 200, head.call_signature, key), head.digest);
  EXPECT_EQ(bytes, 4U);
  EXPECT_FALSE(digest(headers, 202, head.call_signature, key));
  EXPECT_FALSE(digest(headers, 200, key_number(1).sign("other"), key));
  EXPECT_FALSE(digest(headers, 200, head.call_signature, key_number(6)));
  Headers longer = headers, other_body = headers, later = headers;
  replace(longer, "content-length", "5");
  EXPECT_FALSE(digest(longer, 200, head.call_signature, key));
  replace(other_body, "Content-Digest", content_digest(sha256("Body")));
  EXPECT_FALSE(digest(other_body, 200, head.call_signature, key));
  std::string input = value_of(headers, "Signature-Input");
  replace(later, "Signature-Input", input.replace(input.find("created=7"), 9, "created=8"));
  EXPECT_FALSE(digest(later, 200, head.call_signature, key));
}

}  // namespace
}  // namespace meterport::regions
