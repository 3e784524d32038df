// Access keys and tokens of the HERE wire (here.md 5): an application of an org signs a token request with an access
// key (OAuth 1.0a HMAC-SHA256, no OAuth token) and gets an access token, which it sends as bearer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "identity/api_key.h"

namespace meterport::identity {

/// An access key, and with it an application unless one of the org is named.
struct NewAccessKey {
  std::string name, org;
  std::vector<Role> roles = {};  ///< empty: exporter
  std::string app_id = {};       ///< empty: a new application
  /// Name of the user it acts for, whose mail address reports are told to: of the org or one above it, and the caller
  /// himself or of an org he is admin of. Empty: the caller if he is such a user, else none.
  std::string user = {};
};

struct AccessKey {
  ApiKey key;          ///< id: the access key id; app_id, realm and user are in it
  std::string secret;  ///< shown once
};

/// Who signed a token request.
struct SigningApp {
  std::string access_key_id, app_id, org;
};

/// Who is calling with an access token.
struct TokenCaller {
  Principal principal;  ///< `project` is set for a token of one project
  std::string app_id;
  std::string realm;             ///< of principal.org
  std::string user_name, email;  ///< of the user the key acts for, as they are now; empty: none
  Instant expires;
};

}  // namespace meterport::identity
