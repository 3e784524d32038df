// Digests and checksums, thin faces over OpenSSL (SHA-256), libsodium (SipHash-128) and ISA-L (CRC-32C, CRC-32).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace meterport {

using Digest = std::array<std::uint8_t, 32>;
using SipKey = std::array<std::uint8_t, 16>;

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

Digest sha256(std::string_view bytes);

/// Incremental SHA-256. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::string_view bytes);
  /// Ends the digest and starts a new one.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SipHash-2-4 with 128 bits of output.
Hash128 siphash128(const SipKey& key, std::string_view bytes);
/// CRC-32C (Castagnoli), as in RFC 3720; `crc` continues an earlier one, 0 starts.
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);
/// CRC-32 of gzip and ZIP (RFC 1952); `crc` continues an earlier one, 0 starts.
std::uint32_t crc32_gzip(std::uint32_t crc, std::string_view bytes);

std::string to_hex(std::span<const std::uint8_t> bytes);
/// false: odd length or a character that is no hex digit.
bool from_hex(std::string_view hex, std::span<std::uint8_t> out);
/// Same time for equal and unequal contents of one length.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace meterport
