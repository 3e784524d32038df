#include "base/ids.h"

#include <array>
#include <cstddef>
#include <span>

#include "base/hash.h"

namespace meterport {
namespace {

constexpr std::size_t id_length_max = 64;
/// What a mapped id keeps of the original: 64 less '-' and 12 hex digits of its hash.
constexpr std::size_t kept_length_max = 51;
constexpr std::size_t hash_bytes_kept = 6;

constexpr bool is_id_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

std::string_view strip_edges(std::string_view text) {
  const std::size_t first = text.find_first_not_of("-.");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of("-.") - first + 1);
}

}  // namespace

bool is_safe_id(std::string_view id) {
  if (id.empty() || id.size() > id_length_max || id == "." || id == "..") return false;
  for (const char c : id) {
    if (!is_id_character(c)) return false;
  }
  return true;
}

std::string safe_id_of(std::string_view original) {
  if (is_safe_id(original)) return std::string(original);
  std::string mapped;
  mapped.reserve(original.size());
  bool in_run = false;
  for (const char c : original) {
    const bool kept = is_id_character(c);
    if (kept) mapped += c;
    if (!kept && !in_run) mapped += '-';
    in_run = !kept;
  }
  std::string_view kept = strip_edges(mapped);
  if (kept.size() > kept_length_max) kept = strip_edges(kept.substr(kept.size() - kept_length_max));
  const Digest digest = sha256(original);
  std::string id(kept.empty() ? std::string_view("id") : kept);
  id += '-';
  id += to_hex(std::span(digest).first(hash_bytes_kept));
  return id;
}

std::string make_base62(Random& random, std::size_t length) {
  static constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  // 248 = 4 x 62: bytes above are thrown away, so that every character is equally likely.
  static constexpr std::uint8_t bound = 248;
  std::string out;
  out.reserve(length);
  std::array<std::uint8_t, 48> bytes;
  while (out.size() < length) {
    random.fill(bytes);
    for (const std::uint8_t byte : bytes) {
      if (byte < bound && out.size() < length) out += alphabet[byte % alphabet.size()];
    }
  }
  return out;
}

std::string make_id22(Random& random) {
  return make_base62(random, 22);
}

std::string make_secret(Random& random) {
  return make_base62(random, 40);
}

}  // namespace meterport
