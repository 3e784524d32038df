#include "identity/access_tokens.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <charconv>

#include "base/hash.h"

namespace meterport::identity {
namespace {

constexpr std::string_view prefix = "h1.";
constexpr int base64_variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::string to_base64(std::string_view bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), base64_variant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    base64_variant);
  out.pop_back();  // the zero at its end
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, base64_variant) != 0) {
    return {};
  }
  out.resize(length);
  return out;
}

/// Takes the text before the next line end from the front of `rest`.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return {};
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<Instant> take_time(std::string_view& rest) {
  const auto line = take_line(rest);
  if (!line) return {};
  Instant time;
  const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), time.us);
  if (error != std::errc() || end != line->data() + line->size()) return {};
  return time;
}

}  // namespace

std::string AccessTokens::mac_of(std::string_view text) const {
  std::string mac(crypto_generichash_BYTES, '\0');
  // Fails only for sizes out of bounds, which these are not.
  (void)crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(), key_.data(), key_.size());
  return to_base64(mac);
}

std::string AccessTokens::write(const TokenClaims& claims) const {
  // The project may be any text: it comes last.
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}", claims.key_id, claims.issued.us, claims.expires.us, claims.project);
  std::string token = std::string(prefix) + to_base64(text);
  const std::string mac = mac_of(token);
  return token + "." + mac;
}

std::optional<TokenClaims> AccessTokens::read(std::string_view token) const {
  if (token.size() > bytes_max || !token.starts_with(prefix)) return {};
  const std::size_t end = token.rfind('.');
  if (end < prefix.size()) return {};
  // The MAC is over the text as it is sent, and compared as text: no other writing of the same bytes is taken.
  if (!equal_constant_time(mac_of(token.substr(0, end)), token.substr(end + 1))) return {};
  const auto text = from_base64(token.substr(prefix.size(), end - prefix.size()));
  if (!text) return {};
  std::string_view rest = *text;
  const auto key_id = take_line(rest);
  const auto issued = take_time(rest);
  const auto expires = take_time(rest);
  if (!key_id || !issued || !expires) return {};
  return TokenClaims{std::string(*key_id), *issued, *expires, std::string(rest)};
}

}  // namespace meterport::identity
