// Private to identity: applications with the tokens under them, all in memory, written through. Consumer keys, token
// ids and secrets are 64 hex digits, as the vendor's are. Thread-safe; changes come one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "identity/keys.h"
#include "identity/oauth_tables.h"
#include "identity/secret_box.h"

namespace meterport::identity {

using ApplicationPtr = std::shared_ptr<const Application>;
using TokenPtr = std::shared_ptr<const Token>;

class Applications {
 public:
  Applications(control::Store& store, catalog::Catalog& catalog, Clock& clock, Random& random, const SecretHash& hash)
      : store_(store), catalog_(catalog), clock_(clock), random_(random), box_(hash, random) {}

  /// store_unavailable: a secret does not open.
  Status load();
  Result<SignedKey> create(const Principal& by, const NewSignedKey& key);
  [[nodiscard]] std::vector<ApiKey> of_admin(const Principal& by) const;
  /// By token id or consumer key.
  Result<Revoked> revoke(const Principal& by, std::string_view id);

  // Null: none. Revoked ones too.
  [[nodiscard]] ApplicationPtr application(std::string_view consumer_key) const;
  [[nodiscard]] TokenPtr token(std::string_view id) const;

 private:
  [[nodiscard]] Result<ApplicationPtr> application_for(const NewSignedKey& key) const;
  [[nodiscard]] std::string fresh() const;
  Status store(const Application* new_application, const Token& token);
  Result<Revoked> revoke_application(const Application& application);
  Result<Revoked> revoke_token(const Token& token, const std::string& org);

  control::Store& store_;
  catalog::Catalog& catalog_;
  Clock& clock_;
  Random& random_;
  const SecretBox box_;

  std::mutex change_mutex_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, ApplicationPtr, std::less<>> applications_;
  std::map<std::string, TokenPtr, std::less<>> tokens_;
};

}  // namespace meterport::identity
