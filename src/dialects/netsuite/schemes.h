// The scheme of an Authorization header (netsuite.md 6).
#pragma once

#include "http/message.h"
#include "http/text.h"

namespace meterport::netsuite {

enum class Scheme { none, oauth, bearer, nlauth, other };

inline Scheme scheme_of(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  const std::string_view word = header.substr(0, header.find(' '));
  if (word.empty()) return Scheme::none;
  if (http::same_ignoring_case(word, "oauth")) return Scheme::oauth;
  if (http::same_ignoring_case(word, "bearer")) return Scheme::bearer;
  return http::same_ignoring_case(word, "nlauth") ? Scheme::nlauth : Scheme::other;
}

}  // namespace meterport::netsuite
