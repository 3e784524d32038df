// Calls between regions as they are signed (docs/formats/region-calls.md): HTTP Message Signatures (RFC 9421) with
// Ed25519, over the Content-Digest (RFC 9530) of the body. One form each is written and taken, to the byte: nothing is
// negotiated, so there is nothing to get wrong.
//
// Pure functions and values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "regions/region_key.h"

namespace meterport::regions {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A region's clock may be that far off, either way.
inline constexpr std::int64_t created_window_s = 300;

/// "sha-256=:...:"
std::string content_digest(const Digest& digest);

/// What a call says of itself, beside its signature.
struct CallHead {
  std::string method, path;  ///< "POST", "/peer/v1/parts"
  std::string query;         ///< as sent, without '?'
  std::string digest;        ///< Content-Digest
  std::string from, to;      ///< names of regions
  std::int64_t created = 0;  ///< Unix seconds
  std::string nonce;         ///< 22 to 64 of A-Za-z0-9
  std::string key;           ///< the caller's public key
};
/// The headers that go with the call.
Headers sign_call(const CallHead& head, const RegionKey& key);
/// Reads them; method, path and query are the caller's. None: a header is missing, there twice, or of another form.
/// Nothing is verified yet.
std::optional<CallHead> read_call(const Headers& headers, std::string method, std::string path, std::string query,
                                  std::string& signature);
/// True when the signature is that of head.key.
bool verifies(const CallHead& head, std::string_view signature);

/// What an answer says of itself. `call_signature`: of the call that it answers, base64.
struct AnswerHead {
  int status = 0;
  std::uint64_t bytes = 0;  ///< Content-Length
  std::string digest;
  std::string call_signature;
  std::int64_t created = 0;
};
Headers sign_answer(const AnswerHead& head, const RegionKey& key);
/// The answer's digest header, if the answer is that region's to that call and says it is of `bytes` bytes.
std::optional<std::string> verified_digest(const Headers& headers, int status, std::string_view call_signature,
                                           std::string_view public_key, std::uint64_t& bytes);
/// The base64 part of the header Signature of a call signed by sign_call().
std::string signature_of(const Headers& headers);

}  // namespace meterport::regions
