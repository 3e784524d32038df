// Keys as callers see them: API keys (`mp_...`) of the Meterport API, tokens with which clients of the NetSuite wire
// sign, and access keys of the HERE wire. A secret is in the one answer that makes the key and nowhere else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "model/principal.h"

namespace meterport::identity {

enum class KeyKind : std::uint8_t { meterport, netsuite, here };
std::string_view to_string(KeyKind kind);  ///< as `keys create --for` has it

struct ApiKey {
  std::string id;  ///< of a netsuite key: its token id; of a here key: its access key id
  std::string name, org;
  std::string source;  ///< of a here key: empty, it sends no records
  std::vector<Grant> grants;
  Instant created;
  std::optional<Instant> revoked;
  KeyKind kind = KeyKind::meterport;
  std::string consumer_key;  ///< netsuite: the application the token is of
  std::string account;       ///< netsuite: the org's ids.netsuite_account, which clients send as realm
  std::string app_id;        ///< here: the application the key is of
  std::string realm;         ///< here: the org as a realm
  std::string user;          ///< here: name of the user it acts for; empty: none
};

struct NewApiKey {
  std::string name, org;
  std::string source;  ///< default source of records; empty: the key's name, without one its id
  std::vector<Role> roles;
};

/// A token, and with it an application unless one of the org is named.
struct NewSignedKey {
  std::string name, org;
  std::vector<Role> roles;
  std::string consumer_key;  ///< empty: a new application
};

struct SignedKey {
  ApiKey key;
  std::string consumer_secret;  ///< empty: the application was there; its secret was told when it was made
  std::string token_secret;
};

}  // namespace meterport::identity
