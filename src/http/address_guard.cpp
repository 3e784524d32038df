#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "http/client.h"

namespace meterport::http {
namespace {

using Bytes = std::vector<unsigned char>;

struct Cidr {
  const char* address;
  unsigned prefix_bits;
};

// RFC 6890 and the registries it began, without what is plain public space. 168.63.129.16 is public by number but
// answers as a cloud's metadata service.
constexpr Cidr closed_v4[] = {
    {"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10}, {"127.0.0.0", 8},
    {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},  {"192.0.2.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15}, {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},   {"168.63.129.16", 32},
};
// Inside 2000::/3, the only global unicast space: protocol assignments with Teredo, documentation, 6to4.
constexpr Cidr closed_v6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}};

std::optional<Bytes> parse_address(const std::string& text) {
  Bytes v4(4);
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return v4;
  Bytes v6(16);
  if (::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1) return v6;
  return std::nullopt;
}

bool is_within(const Bytes& address, const Bytes& range, unsigned prefix_bits) {
  if (address.size() != range.size()) return false;
  for (unsigned bit = 0; bit < prefix_bits; bit += 8) {
    const unsigned left = std::min(8U, prefix_bits - bit);
    const unsigned mask = 0xFFU & (0xFFU << (8 - left));
    if (((address[bit / 8] ^ range[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool is_within(const Bytes& address, const Cidr& range) {
  const auto bytes = parse_address(range.address);
  return bytes && is_within(address, *bytes, range.prefix_bits);
}

/// The IPv4 address inside a mapped (::ffff:0:0/96), compatible (::/96) or NAT64 (64:ff9b::/96) one.
std::optional<Bytes> embedded_v4(const Bytes& v6) {
  const bool carries = is_within(v6, Cidr{"::ffff:0:0", 96}) || is_within(v6, Cidr{"64:ff9b::", 96}) ||
                       (is_within(v6, Cidr{"::", 96}) && !is_within(v6, Cidr{"::", 127}));
  if (!carries) return std::nullopt;
  return Bytes(v6.begin() + 12, v6.end());
}

bool is_public(const Bytes& address) {
  if (address.size() == 4) {
    return std::ranges::none_of(closed_v4, [&](const Cidr& range) { return is_within(address, range); });
  }
  return is_within(address, Cidr{"2000::", 3}) &&
         std::ranges::none_of(closed_v6, [&](const Cidr& range) { return is_within(address, range); });
}

}  // namespace

Result<AddressGuard> AddressGuard::make(const std::vector<std::string>& allowed_ranges) {
  AddressGuard guard;
  for (const std::string& text : allowed_ranges) {
    const std::size_t slash = text.find('/');
    const auto bytes = parse_address(text.substr(0, slash));
    auto prefix_bits = bytes ? static_cast<unsigned>(bytes->size() * 8) : 0U;
    bool is_valid = bytes.has_value();
    if (is_valid && slash != std::string::npos) {
      const char* const end = text.data() + text.size();
      unsigned given = 0;
      const auto parsed = std::from_chars(text.data() + slash + 1, end, given);
      is_valid = parsed.ec == std::errc() && parsed.ptr == end && given <= prefix_bits;
      prefix_bits = given;
    }
    if (!is_valid) {
      return fail(ErrorKind::invalid,
                  "delivery.allowed_ranges: \"" + text + "\" is no address range such as 10.1.0.0/16 or ::1/128", {},
                  "delivery.allowed_ranges");
    }
    guard.allowed_.push_back({.bytes = *bytes, .prefix_bits = prefix_bits});
  }
  return guard;
}

bool AddressGuard::allows(std::string_view text) const {
  auto address = parse_address(std::string(text));
  if (!address) return false;
  const auto is_opened = [&](const Bytes& bytes) {
    return std::ranges::any_of(allowed_, [&](const Range& r) { return is_within(bytes, r.bytes, r.prefix_bits); });
  };
  if (is_opened(*address)) return true;
  if (address->size() == 16) {
    if (auto inner = embedded_v4(*address)) address = std::move(inner);
  }
  return is_opened(*address) || is_public(*address);
}

}  // namespace meterport::http
