// A token request's body (here.md 5): form or JSON, with the keys of either style in both, checked. And the answer,
// in the style the client used. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialects/here/token_error.h"
#include "identity/oauth1.h"

namespace meterport::here {

/// What was sent, read but not judged: who signed it is looked at in between.
struct TokenBody {
  bool is_form = false;
  identity::oauth1::Parameters fields;  ///< of a form: as it was signed; of JSON: the members' values as text
};
/// 400002, 400003, 400004.
TokenResult<TokenBody> read_token_body(std::string_view content_type, std::string_view body);

enum class KeyStyle { snake, camel };

struct TokenRequest {
  KeyStyle style = KeyStyle::snake;  ///< that of the grant's key
  std::int64_t lifetime_s = 0;
  std::string project;      ///< the scope: a project's HRN; empty: none
  std::string scope_realm;  ///< the realm in it
};
/// Grant, lifetime, scope, in that order.
TokenResult<TokenRequest> read_token_request(const TokenBody& body);

/// Key id and secret sent in the form, unsigned; both empty: not sent.
struct PlainSecret {
  std::string_view key_id, secret;
};
PlainSecret plain_secret(const TokenBody& body);

std::string token_answer(const TokenRequest& request, std::string_view token);

}  // namespace meterport::here
