#include "identity/applications.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/hash.h"
#include "identity/user_rules.h"

namespace meterport::identity {
namespace {

ApiKey key_of(const Token& token, const Application& application, const catalog::Snapshot& catalogue) {
  ApiKey key;
  key.id = token.id;
  key.name = token.name;
  key.org = application.org;
  key.source = "netsuite";
  key.grants = token.grants;
  key.created = token.created;
  key.revoked = token.revoked ? token.revoked : application.revoked;
  key.kind = KeyKind::netsuite;
  key.consumer_key = application.consumer_key;
  if (const Org* org = catalogue.org(application.org)) key.account = org->netsuite_account;
  return key;
}

}  // namespace

Status Applications::load() {
  auto applications = load_applications(store_);
  if (!applications) return fail(std::move(applications));
  auto tokens = load_tokens(store_);
  if (!tokens) return fail(std::move(tokens));
  const std::unique_lock lock(mutex_);
  for (Application& row : *applications) {
    auto secret = box_.open(row.secret, row.consumer_key);
    if (!secret) return fail(std::move(secret));
    row.secret = std::move(*secret);
    applications_.emplace(row.consumer_key, std::make_shared<const Application>(row));
  }
  for (Token& row : *tokens) {
    auto secret = box_.open(row.secret, row.id);
    if (!secret) return fail(std::move(secret));
    row.secret = std::move(*secret);
    tokens_.emplace(row.id, std::make_shared<const Token>(row));
  }
  return {};
}

ApplicationPtr Applications::application(std::string_view consumer_key) const {
  const std::shared_lock lock(mutex_);
  const auto it = applications_.find(consumer_key);
  return it == applications_.end() ? nullptr : it->second;
}

TokenPtr Applications::token(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = tokens_.find(id);
  return it == tokens_.end() ? nullptr : it->second;
}

std::string Applications::fresh() const {
  std::array<std::uint8_t, 32> bytes{};
  random_.fill(bytes);
  return to_hex(bytes);
}

Result<ApplicationPtr> Applications::application_for(const NewSignedKey& key) const {
  if (key.consumer_key.empty()) {
    Application made;
    made.consumer_key = fresh();
    made.secret = fresh();
    made.name = key.name;
    made.org = key.org;
    made.created = clock_.now();
    return std::make_shared<const Application>(std::move(made));
  }
  ApplicationPtr found = application(key.consumer_key);
  if (!found || found->org != key.org) return refuse("consumer_key", "is none of an application of this org");
  if (found->revoked) return refuse("consumer_key", "is revoked");
  return found;
}

Result<SignedKey> Applications::create(const Principal& by, const NewSignedKey& key) {
  const auto snapshot = catalog_.current();
  if (auto fine = check_new_key(*snapshot, by, key.name, key.org, key.roles); !fine) return fail(std::move(fine));
  if (snapshot->org(key.org)->netsuite_account.empty()) {
    return refuse(
        "org", fmt::format("\"{}\" has no ids.netsuite_account, which clients send as realm: set it first", key.org));
  }
  const std::lock_guard lock(change_mutex_);
  auto application = application_for(key);
  if (!application) return fail(std::move(application));
  Token token;
  token.id = fresh();
  token.secret = fresh();
  token.name = key.name.empty() ? token.id : key.name;
  token.consumer_key = (*application)->consumer_key;
  token.grants = grants_of(key.roles, key.org);
  token.created = clock_.now();
  const bool is_new = key.consumer_key.empty();
  if (auto stored = store(is_new ? application->get() : nullptr, token); !stored) return fail(std::move(stored));
  SignedKey made;
  made.key = key_of(token, **application, *snapshot);
  if (is_new) made.consumer_secret = (*application)->secret;
  made.token_secret = token.secret;
  return made;
}

Status Applications::store(const Application* new_application, const Token& token) {
  Token sealed_token = token;
  sealed_token.secret = box_.seal(token.secret, token.id);
  Application sealed;
  if (new_application != nullptr) {
    sealed = *new_application;
    sealed.secret = box_.seal(sealed.secret, sealed.consumer_key);
  }
  auto stored = insert_token(store_, new_application == nullptr ? nullptr : &sealed, sealed_token);
  if (!stored) return stored;
  const std::unique_lock lock(mutex_);
  if (new_application != nullptr) {
    applications_.emplace(new_application->consumer_key, std::make_shared<const Application>(*new_application));
  }
  tokens_.emplace(token.id, std::make_shared<const Token>(token));
  return {};
}

std::vector<ApiKey> Applications::of_admin(const Principal& by) const {
  const auto snapshot = catalog_.current();
  std::vector<ApiKey> out;
  const std::shared_lock lock(mutex_);
  for (const auto& [id, token] : tokens_) {
    const Application& application = *applications_.find(token->consumer_key)->second;
    if (snapshot->allows(by, Role::admin, application.org)) out.push_back(key_of(*token, application, *snapshot));
  }
  return out;
}

Result<Revoked> Applications::revoke(const Principal& by, std::string_view id) {
  const std::lock_guard lock(change_mutex_);
  const TokenPtr found = token(id);
  const ApplicationPtr owner = application(found ? std::string_view(found->consumer_key) : id);
  if (!owner || !catalog_.current()->allows(by, Role::admin, owner->org)) {
    return fail(ErrorKind::not_found, "no such key");
  }
  return found ? revoke_token(*found, owner->org) : revoke_application(*owner);
}

Result<Revoked> Applications::revoke_application(const Application& application) {
  Revoked result{application.org, AuditEvent::application_revoked, !application.revoked};
  if (application.revoked) return result;
  Application revoked = application;
  revoked.revoked = clock_.now();
  auto stored = identity::revoke_application(store_, revoked.consumer_key, *revoked.revoked);
  if (!stored) return fail(std::move(stored));
  const std::unique_lock lock(mutex_);
  applications_.insert_or_assign(revoked.consumer_key, std::make_shared<const Application>(revoked));
  return result;
}

Result<Revoked> Applications::revoke_token(const Token& token, const std::string& org) {
  Revoked result{org, AuditEvent::token_revoked, !token.revoked};
  if (token.revoked) return result;
  Token revoked = token;
  revoked.revoked = clock_.now();
  if (auto stored = identity::revoke_token(store_, revoked.id, *revoked.revoked); !stored) {
    return fail(std::move(stored));
  }
  const std::unique_lock lock(mutex_);
  tokens_.insert_or_assign(revoked.id, std::make_shared<const Token>(revoked));
  return result;
}

}  // namespace meterport::identity
