// Errors of the token endpoint (here.md 5, crosswalk 3.2 "HERE token"): integer codes, and beside them RFC 6749's and
// the platform's members. Pure functions but for the randomness of ids; any thread.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "http/message.h"

namespace meterport::here {

/// What is wrong with one field of a token request; the name as the client wrote it.
struct FieldError {
  std::string name;
  int code = 0;
  std::string message;
};

struct TokenError {
  int status = 400;
  int code = 0;
  std::string message;
  std::string_view oauth_error = "invalid_request";  ///< RFC 6749 5.2
  std::vector<FieldError> fields{};
  std::optional<Error> other{};  ///< what is no matter of tokens and render_error() speaks for
};

template <class T>
using TokenResult = std::expected<T, TokenError>;

// What the request can break.
TokenError invalid_field(FieldError field);  ///< 400200
TokenError illegal_grant(std::string_view name, std::string_view grant);
TokenError several_scopes();
TokenError scope_not_allowed();

/// By kind; a refused signature by identity's cause in Error::detail. Kinds that are no matter of tokens
/// (no_such_path, method_not_allowed, store_unavailable ...) stand in `other`.
TokenError token_error(const Error& error);

/// The whole answer but the call's headers; not for one with `other`.
http::Response render_token_error(const TokenError& error, std::string_view correlation_id, Random& random);

}  // namespace meterport::here
