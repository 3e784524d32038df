#include "base/hash.h"

#include <nmmintrin.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium/crypto_shorthash_siphash24.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include <isa-l/crc.h>
}

namespace meterport {
namespace {

static_assert(std::endian::native == std::endian::little);
static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(Hash128));
static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(SipKey));

/// Fetched once: an implicit fetch at every digest costs more than hashing a small record.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

/// Digests fail only where OpenSSL has no memory or no provider: no caller could go on.
void require(bool done) {
  if (done) return;
  std::fputs("fatal: OpenSSL cannot compute SHA-256\n", stderr);
  std::abort();
}

struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

void start(EVP_MD_CTX* context) {
  require(EVP_DigestInit_ex2(context, sha256_method(), nullptr) == 1);
}

Digest end(EVP_MD_CTX* context) {
  Digest digest;
  unsigned length = 0;
  require(EVP_DigestFinal_ex(context, digest.data(), &length) == 1 && length == digest.size());
  return digest;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// ISA-L's CRC-32C takes an int length; larger inputs go in pieces.
constexpr std::size_t crc_piece_bytes = std::size_t{1} << 30;

/// Below this size the processor's own instruction is faster than ISA-L's folding.
constexpr std::size_t crc_short_bytes = 256;

std::uint32_t crc32c_short(std::uint32_t state, std::string_view bytes) {
  const char* at = bytes.data();
  std::size_t rest = bytes.size();
  std::uint64_t wide = state;
  for (; rest >= sizeof(std::uint64_t); rest -= sizeof(std::uint64_t), at += sizeof(std::uint64_t)) {
    std::uint64_t eight;
    std::memcpy(&eight, at, sizeof eight);
    wide = _mm_crc32_u64(wide, eight);
  }
  state = static_cast<std::uint32_t>(wide);
  for (; rest > 0; --rest) state = _mm_crc32_u8(state, static_cast<unsigned char>(*at++));
  return state;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Digest sha256(std::string_view bytes) {
  thread_local const Context context(EVP_MD_CTX_new());
  require(context != nullptr);
  start(context.get());
  require(EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1);
  return end(context.get());
}

struct Sha256::State {
  Context context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context != nullptr);
  start(state_->context.get());
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  const Digest digest = end(state_->context.get());
  start(state_->context.get());
  return digest;
}

Hash128 siphash128(const SipKey& key, std::string_view bytes) {
  std::array<std::uint8_t, sizeof(Hash128)> out;
  // Cannot fail; the return value is there for the library's other primitives.
  (void)crypto_shorthash_siphashx24(out.data(), bytes_of(bytes), bytes.size(), key.data());
  Hash128 hash;
  std::memcpy(&hash.high, out.data(), sizeof hash.high);
  std::memcpy(&hash.low, out.data() + sizeof hash.high, sizeof hash.low);
  return hash;
}

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
  // ISA-L neither inverts the start nor the result here (but does in crc32_gzip_refl).
  std::uint32_t state = ~crc;
  if (bytes.size() <= crc_short_bytes) return ~crc32c_short(state, bytes);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, crc_piece_bytes);
    // The library's parameter lacks a const; it only reads.
    state = crc32_iscsi(const_cast<unsigned char*>(bytes_of(piece)), static_cast<int>(piece.size()), state);
    bytes.remove_prefix(piece.size());
  }
  return ~state;
}

std::uint32_t crc32_gzip(std::uint32_t crc, std::string_view bytes) {
  return crc32_gzip_refl(crc, bytes_of(bytes), bytes.size());
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

bool from_hex(std::string_view hex, std::span<std::uint8_t> out) {
  if (hex.size() != out.size() * 2) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = nibble(hex[2 * i]);
    const int low = nibble(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace meterport
