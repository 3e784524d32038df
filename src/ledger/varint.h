// Private to ledger: varints and little-endian numbers, as docs/formats/ledger-log.md writes them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/decimal.h"

namespace meterport::ledger {

__extension__ using Uint128 = unsigned __int128;

inline constexpr std::size_t varint_bytes_max = 10;
inline constexpr std::size_t varint128_bytes_max = 19;

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian");

template <class T>
char* put_fixed(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

template <class T>
T get_fixed(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// `Number`: std::uint64_t or Uint128.
template <class Number>
char* put_varint(char* at, Number value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(static_cast<unsigned char>(value) | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

/// Reads the shortest form only. Null: no varint of that size here.
template <class Number>
const char* get_varint(const char* at, const char* end, Number& value) {
  constexpr unsigned bits = sizeof(Number) * 8;
  value = 0;
  for (unsigned shift = 0; shift < bits && at < end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    const unsigned room = bits - shift;
    if (room < 7 && (byte & 0x7f) >> room != 0) return nullptr;
    value |= Number{byte & 0x7fu} << shift;
    if (byte < 0x80) return byte == 0 && shift > 0 ? nullptr : at;
  }
  return nullptr;
}

inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}
inline Uint128 zigzag(Int128 value) {
  return (static_cast<Uint128>(value) << 1) ^ static_cast<Uint128>(value >> 127);
}
inline Int128 unzigzag(Uint128 value) {
  return static_cast<Int128>((value >> 1) ^ (0 - (value & 1)));
}

}  // namespace meterport::ledger
