// OAuth 1.0a signatures (RFC 5849), as several wires use them: the Authorization header, the base string, HMAC-SHA1 and
// HMAC-SHA256. Which fields a wire needs, its clocks, nonces and secrets are the caller's.
//
// Pure functions: any thread, no I/O, nothing is kept. Whatever comes from outside gives an answer, never a crash.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterport::identity::oauth1 {

/// Decoded names and values, in the order they came.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Header {
  Parameters fields;  ///< realm too

  /// "" when there is none of that name.
  [[nodiscard]] std::string_view value(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
};

enum class HeaderFault : std::uint8_t {
  unparsable,  ///< another scheme, no name="value" list, a broken percent escape, too many fields
  doubled,     ///< a name stands twice
  empty,       ///< a field without a value
  missing,     ///< one of `required` is not there
};

/// True when the header's scheme is OAuth, in any case, whatever follows it.
bool is_oauth(std::string_view header);

/// `OAuth name="value", ...`: the scheme in any case, fields in any order, blanks after a comma or not. Of a field in
/// `may_be_empty` the value may be "".
std::expected<Header, HeaderFault> parse_header(std::string_view header, std::span<const std::string_view> required,
                                                std::span<const std::string_view> may_be_empty = {});

/// Percent encoding of RFC 5849 3.6: all but A-Z a-z 0-9 - . _ ~, upper case digits.
std::string encode(std::string_view text);

/// The base string URI (3.4.1.2): scheme and host in lower case, no port 80 of http or 443 of https, no query. None:
/// `url` has no scheme or no host.
std::optional<std::string> normalized_url(std::string_view url);

/// The parameters (3.4.1.3): those of the query and every oauth_ field of the header but the signature, known or not;
/// sorted by encoded name, then encoded value.
std::string normalized_parameters(const Header& header, const Parameters& query);

/// `url` and `parameters` as the two functions above give them.
std::string base_string(std::string_view method, std::string_view url, std::string_view parameters);

enum class SignatureMethod : std::uint8_t { hmac_sha1, hmac_sha256 };
/// "HMAC-SHA1" and "HMAC-SHA256".
std::optional<SignatureMethod> parse_signature_method(std::string_view text);

/// Base64 of the HMAC; an empty `token_secret` where a wire has no tokens.
std::string signature(SignatureMethod method, std::string_view base_string, std::string_view consumer_secret,
                      std::string_view token_secret);

/// True when `hash` (the field oauth_body_hash) is the base64 SHA-1 or SHA-256 of the body.
bool is_body_hash(std::string_view hash, std::string_view body);

}  // namespace meterport::identity::oauth1
