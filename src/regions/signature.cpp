#include "regions/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace meterport::regions {
namespace {

constexpr std::string_view call_components =
    R"(("@method" "@path" "@query" "content-digest" "meterport-from" "meterport-to"))";
constexpr std::string_view answer_components =
    R"(("@status" "content-length" "content-digest" "signature";req;key="call"))";
constexpr std::size_t nonce_min = 22, nonce_max = 64;
constexpr std::size_t signature_bytes = 64, digest_bytes = 32;

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

/// The header's value if it is there once.
std::optional<std::string_view> only(const Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [known, value] : headers) {
    if (!same_name(known, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

/// Takes what stands between `before` and `after` off the front; false: it is not there.
bool take(std::string_view& text, std::string_view before, std::string_view after, std::string_view& out) {
  if (!text.starts_with(before)) return false;
  text.remove_prefix(before.size());
  const std::size_t end = text.find(after);
  if (end == std::string_view::npos) return false;
  out = text.substr(0, end);
  text.remove_prefix(end + after.size());
  return true;
}

/// Whole and not negative, as std::to_string would write it.
template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= 0 && std::to_string(out) == text;
}

bool is_nonce(std::string_view text) {
  return text.size() >= nonce_min && text.size() <= nonce_max && std::ranges::all_of(text, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

/// "sha-256=:...:" of 32 bytes.
bool is_digest(std::string_view text) {
  std::string_view base64;
  return take(text, "sha-256=:", ":", base64) && text.empty() && from_base64(base64, digest_bytes);
}

/// "NAME=:...:" of 64 bytes.
bool read_signature(std::string_view text, std::string_view name, std::string& out) {
  std::string_view base64;
  if (!take(text, fmt::format("{}=:", name), ":", base64) || !text.empty()) return false;
  if (!from_base64(base64, signature_bytes)) return false;
  out = base64;
  return true;
}

std::string call_parameters(const CallHead& head) {
  return fmt::format(R"({};created={};nonce="{}";keyid="{}";alg="ed25519")", call_components, head.created, head.nonce,
                     head.key);
}

/// RFC 9421 2.5.
std::string call_base(const CallHead& head) {
  return fmt::format(
      "\"@method\": {}\n\"@path\": {}\n\"@query\": ?{}\n\"content-digest\": {}\n\"meterport-from\": {}\n"
      "\"meterport-to\": {}\n\"@signature-params\": {}",
      head.method, head.path, head.query, head.digest, head.from, head.to, call_parameters(head));
}

std::string answer_parameters(std::string_view created, std::string_view key) {
  return fmt::format(R"({};created={};keyid="{}";alg="ed25519")", answer_components, created, key);
}

std::string answer_base(const AnswerHead& head, std::string_view parameters) {
  return fmt::format(
      "\"@status\": {}\n\"content-length\": {}\n\"content-digest\": {}\n\"signature\";req;key=\"call\": :{}:\n"
      "\"@signature-params\": {}",
      head.status, head.bytes, head.digest, head.call_signature, parameters);
}

}  // namespace

std::string content_digest(const Digest& digest) {
  return fmt::format("sha-256=:{}:", to_base64(digest));
}

Headers sign_call(const CallHead& head, const RegionKey& key) {
  return {{"Content-Digest", head.digest},
          {"Meterport-From", head.from},
          {"Meterport-To", head.to},
          {"Signature-Input", "call=" + call_parameters(head)},
          {"Signature", fmt::format("call=:{}:", key.sign(call_base(head)))}};
}

std::optional<CallHead> read_call(const Headers& headers, std::string method, std::string path, std::string query,
                                  std::string& signature) {
  const auto digest = only(headers, "content-digest"), from = only(headers, "meterport-from");
  const auto to = only(headers, "meterport-to"), given = only(headers, "signature");
  auto input = only(headers, "signature-input");
  if (!digest || !from || !to || !given || !input || !is_digest(*digest)) return std::nullopt;
  if (!read_signature(*given, "call", signature)) return std::nullopt;
  std::string_view created, nonce, key;
  const bool is_read = take(*input, fmt::format("call={};created=", call_components), ";nonce=\"", created) &&
                       take(*input, "", "\";keyid=\"", nonce) && take(*input, "", "\";alg=\"ed25519\"", key);
  CallHead head{.method = std::move(method),
                .path = std::move(path),
                .query = std::move(query),
                .digest = std::string(*digest),
                .from = std::string(*from),
                .to = std::string(*to),
                .nonce = std::string(nonce),
                .key = std::string(key)};
  if (!is_read || !input->empty() || !is_nonce(nonce) || !read_number(created, head.created)) return std::nullopt;
  return head;
}

bool verifies(const CallHead& head, std::string_view signature) {
  return is_signed_by(head.key, signature, call_base(head));
}

Headers sign_answer(const AnswerHead& head, const RegionKey& key) {
  const std::string parameters = answer_parameters(std::to_string(head.created), key.public_text());
  return {{"Content-Digest", head.digest},
          {"Signature-Input", "answer=" + parameters},
          {"Signature", fmt::format("answer=:{}:", key.sign(answer_base(head, parameters)))}};
}

std::optional<std::string> verified_digest(const Headers& headers, int status, std::string_view call_signature,
                                           std::string_view public_key, std::uint64_t& bytes) {
  const auto digest = only(headers, "content-digest"), given = only(headers, "signature");
  const auto length = only(headers, "content-length");
  auto input = only(headers, "signature-input");
  if (!digest || !given || !length || !input || !is_digest(*digest) || !read_number(*length, bytes)) {
    return std::nullopt;
  }
  std::string signature;
  std::string_view created;
  if (!read_signature(*given, "answer", signature)) return std::nullopt;
  if (!take(*input, fmt::format("answer={};created=", answer_components), ";keyid=\"", created)) return std::nullopt;
  if (*input != fmt::format("{}\";alg=\"ed25519\"", public_key)) return std::nullopt;
  const AnswerHead head{.status = status,
                        .bytes = bytes,
                        .digest = std::string(*digest),
                        .call_signature = std::string(call_signature),
                        .created = 0};
  if (!is_signed_by(public_key, signature, answer_base(head, answer_parameters(created, public_key)))) {
    return std::nullopt;
  }
  return head.digest;
}

std::string signature_of(const Headers& headers) {
  std::string signature;
  const auto given = only(headers, "signature");
  return given && read_signature(*given, "call", signature) ? signature : std::string();
}

}  // namespace meterport::regions
