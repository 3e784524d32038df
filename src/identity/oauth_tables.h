// Private to identity: applications, tokens and used nonces in the control store (0060_oauth.sql).
#pragma once

#include <string>
#include <vector>

#include "control/store.h"
#include "identity/api_key.h"

namespace meterport::identity {

/// As it is in memory; its secret is stored sealed.
struct Application {
  std::string consumer_key, secret, name, org;
  Instant created;
  std::optional<Instant> revoked;
};

struct Token {
  std::string id, secret, name, consumer_key;
  std::vector<Grant> grants;
  Instant created;
  std::optional<Instant> revoked;
};

/// Rows as stored: `secret` holds the sealed text.
Result<std::vector<Application>> load_applications(control::Store& store);
/// Their grants are on the application's org.
Result<std::vector<Token>> load_tokens(control::Store& store);
/// Both or neither; `application` null: it is there.
Status insert_token(control::Store& store, const Application* application, const Token& token);
Status revoke_application(control::Store& store, const std::string& consumer_key, Instant at);
Status revoke_token(control::Store& store, const std::string& id, Instant at);

/// False: it was there. Synced when it returns. `prune_before`: rows used earlier are deleted, if given.
Result<bool> insert_nonce(control::Store& store, const std::string& hash, Instant used,
                          std::optional<Instant> prune_before);

}  // namespace meterport::identity
