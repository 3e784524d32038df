// Digests and checksums against published vectors.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace meterport {
namespace {

constexpr std::string_view check = "123456789";

// FIPS 180-4 examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, InPiecesEqualsInOne) {
  Sha256 pieces;
  pieces.update("ab");
  pieces.update("");
  pieces.update("c");
  EXPECT_EQ(pieces.finish(), sha256("abc"));
  EXPECT_EQ(pieces.finish(), sha256("")) << "finish starts a new digest";
}

// The first vectors of the reference implementation: key 00..0f, message 00, 01, ...
TEST(SipHash128, GivesTheReferenceVectors) {
  SipKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  const Hash128 empty = siphash128(key, "");
  EXPECT_EQ(empty.high, 0xe6a825ba047f81a3U);
  EXPECT_EQ(empty.low, 0x930255c71472f66dU);
  const Hash128 one = siphash128(key, std::string_view("\0", 1));
  EXPECT_EQ(one.high, 0x44af996bd8c187daU);
  EXPECT_EQ(one.low, 0x45fc229b11597634U);
}

// RFC 3720 B.4 and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(0, check), 0xE3069283U);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(0, ""), 0U);
}

TEST(CrcGzip, GivesThePublishedValues) {
  EXPECT_EQ(crc32_gzip(0, check), 0xCBF43926U);
  EXPECT_EQ(crc32_gzip(0, ""), 0U);
  EXPECT_EQ(crc32_gzip(0, "The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

TEST(Crc, ContinuesWhereItStopped) {
  const std::string text =
      "The quick brown fox jumps over the lazy dog, again and again, past every block size there is";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view all = text;
    ASSERT_EQ(crc32c(crc32c(0, all.substr(0, cut)), all.substr(cut)), crc32c(0, all));
    ASSERT_EQ(crc32_gzip(crc32_gzip(0, all.substr(0, cut)), all.substr(cut)), crc32_gzip(0, all));
  }
}

TEST(Hex, GoesBothWays) {
  std::array<std::uint8_t, 4> bytes{};
  EXPECT_TRUE(from_hex("00fFa51C", bytes));
  EXPECT_EQ(to_hex(bytes), "00ffa51c");
  EXPECT_EQ(to_hex({}), "");
  EXPECT_FALSE(from_hex("00ffa51", bytes));
  EXPECT_FALSE(from_hex("00ffa51g", bytes));
  EXPECT_FALSE(from_hex("00ffa51c00", bytes)) << "longer than the room for it";
}

TEST(ConstantTime, ComparesContents) {
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_TRUE(equal_constant_time("", ""));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secret1"));
}

}  // namespace
}  // namespace meterport
