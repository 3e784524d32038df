#include "identity/oauth1.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace meterport::identity::oauth1 {
namespace {

constexpr std::size_t fields_max = 64;
constexpr std::string_view scheme = "oauth";
constexpr std::string_view upper_digits = "0123456789ABCDEF";

using Bytes = std::span<const std::uint8_t>;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void skip_blanks(std::string_view& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() != '%') {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    std::array<std::uint8_t, 1> byte{};
    if (text.size() < 3 || !from_hex(text.substr(1, 2), byte)) return std::nullopt;
    out += static_cast<char>(byte[0]);
    text.remove_prefix(3);
  }
  return out;
}

/// Takes `name="value"` from the front of `rest`.
std::optional<std::pair<std::string, std::string>> take_field(std::string_view& rest) {
  const std::size_t name_end = rest.find_first_of("=,\" \t");
  if (name_end == 0 || name_end == std::string_view::npos || !rest.substr(name_end).starts_with("=\"")) return {};
  const std::size_t value_begin = name_end + 2;
  const std::size_t value_end = rest.find('"', value_begin);
  if (value_end == std::string_view::npos) return {};
  auto name = decode(rest.substr(0, name_end));
  auto value = decode(rest.substr(value_begin, value_end - value_begin));
  if (!name || !value) return {};
  rest.remove_prefix(value_end + 1);
  return std::pair(std::move(*name), std::move(*value));
}

std::optional<Header> parse_fields(std::string_view rest) {
  if (!is_oauth(rest)) return {};
  rest.remove_prefix(scheme.size());
  Header header;
  for (;;) {
    skip_blanks(rest);
    auto field = take_field(rest);
    if (!field || header.fields.size() == fields_max) return {};
    header.fields.push_back(std::move(*field));
    skip_blanks(rest);
    if (rest.empty()) return header;
    if (rest.front() != ',') return {};
    rest.remove_prefix(1);
  }
}

bool has_doubled(const Header& header) {
  std::vector<std::string_view> names;
  for (const auto& [name, value] : header.fields) names.emplace_back(name);
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) != names.end();
}

std::string base64(Bytes bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP ends it with a zero
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::string base64_digest(const EVP_MD* method, std::string_view bytes) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, method, nullptr) != 1) return {};
  return base64(Bytes(digest).first(length));
}

}  // namespace

std::string_view Header::value(std::string_view name) const {
  const auto it = std::ranges::find(fields, name, &Parameters::value_type::first);
  return it == fields.end() ? std::string_view() : std::string_view(it->second);
}

bool Header::has(std::string_view name) const {
  return std::ranges::find(fields, name, &Parameters::value_type::first) != fields.end();
}

bool is_oauth(std::string_view header) {
  return lower_case(header.substr(0, scheme.size())) == scheme &&
         (header.size() == scheme.size() || is_blank(header[scheme.size()]));
}

std::expected<Header, HeaderFault> parse_header(std::string_view header, std::span<const std::string_view> required,
                                                std::span<const std::string_view> may_be_empty) {
  auto parsed = parse_fields(header);
  if (!parsed) return std::unexpected(HeaderFault::unparsable);
  if (has_doubled(*parsed)) return std::unexpected(HeaderFault::doubled);
  const bool has_empty = std::ranges::any_of(parsed->fields, [&](const auto& field) {
    return field.second.empty() && std::ranges::find(may_be_empty, field.first) == may_be_empty.end();
  });
  if (has_empty) return std::unexpected(HeaderFault::empty);
  const bool has_all = std::ranges::all_of(required, [&](std::string_view name) { return parsed->has(name); });
  if (!has_all) return std::unexpected(HeaderFault::missing);
  return std::move(*parsed);
}

std::string encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += upper_digits[byte >> 4];
    out += upper_digits[byte & 15];
  }
  return out;
}

std::optional<std::string> normalized_url(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || scheme_end == 0) return {};
  const std::string url_scheme = lower_case(url.substr(0, scheme_end));
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::size_t path_begin = std::min(rest.find('/'), rest.size());
  std::string authority = lower_case(rest.substr(0, path_begin));
  const std::string_view path = rest.substr(path_begin);
  const std::string_view default_port = url_scheme == "http" ? ":80" : url_scheme == "https" ? ":443" : "";
  if (!default_port.empty() && authority.ends_with(default_port))
    authority.resize(authority.size() - default_port.size());
  if (authority.empty()) return {};
  return url_scheme + "://" + authority + (path.empty() ? "/" : std::string(path));
}

std::string normalized_parameters(const Header& header, const Parameters& query) {
  Parameters encoded;
  encoded.reserve(header.fields.size() + query.size());
  for (const auto& [name, value] : query) encoded.emplace_back(encode(name), encode(value));
  for (const auto& [name, value] : header.fields) {
    if (name.starts_with("oauth_") && name != "oauth_signature") encoded.emplace_back(encode(name), encode(value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string base_string(std::string_view method, std::string_view url, std::string_view parameters) {
  return std::string(method) + '&' + encode(url) + '&' + encode(parameters);
}

std::optional<SignatureMethod> parse_signature_method(std::string_view text) {
  if (text == "HMAC-SHA256") return SignatureMethod::hmac_sha256;
  if (text == "HMAC-SHA1") return SignatureMethod::hmac_sha1;
  return {};
}

std::string signature(SignatureMethod method, std::string_view base_string, std::string_view consumer_secret,
                      std::string_view token_secret) {
  const std::string key = encode(consumer_secret) + '&' + encode(token_secret);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mac{};
  unsigned length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(base_string.data());
  const EVP_MD* digest = method == SignatureMethod::hmac_sha1 ? EVP_sha1() : EVP_sha256();
  if (HMAC(digest, key.data(), static_cast<int>(key.size()), bytes, base_string.size(), mac.data(), &length) == nullptr)
    return {};  // only without memory; equals no signature, as a field is never empty
  return base64(Bytes(mac).first(length));
}

bool is_body_hash(std::string_view hash, std::string_view body) {
  return !hash.empty() && (hash == base64_digest(EVP_sha1(), body) || hash == base64_digest(EVP_sha256(), body));
}

}  // namespace meterport::identity::oauth1
