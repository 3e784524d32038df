#include "identity/oauth_tables.h"

#include <soci/soci.h>

#include "identity/tables.h"

namespace meterport::identity {

Result<std::vector<Application>> load_applications(control::Store& store) {
  std::vector<Application> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    Application row;
    long long created = 0, revoked = 0;
    soci::statement rows =
        (sql.prepare << "SELECT consumer_key, sealed_secret, name, org, created_us, revoked_us FROM oauth_applications",
         soci::into(row.consumer_key), soci::into(row.secret), soci::into(row.name), soci::into(row.org),
         soci::into(created), soci::into(revoked));
    rows.execute();
    while (rows.fetch()) {
      row.created = Instant{created};
      row.revoked = time_or_none(revoked);
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Result<std::vector<Token>> load_tokens(control::Store& store) {
  std::vector<Token> out;
  auto done = store.read([&](soci::session& sql) -> Status {
    Token row;
    std::string org, roles;
    long long created = 0, revoked = 0;
    soci::statement rows =
        (sql.prepare << "SELECT t.id, t.sealed_secret, t.name, t.consumer_key, a.org, t.roles, t.created_us, "
                        "t.revoked_us FROM oauth_tokens t JOIN oauth_applications a ON a.consumer_key = t.consumer_key",
         soci::into(row.id), soci::into(row.secret), soci::into(row.name), soci::into(row.consumer_key),
         soci::into(org), soci::into(roles), soci::into(created), soci::into(revoked));
    rows.execute();
    while (rows.fetch()) {
      row.grants = split_roles(roles, org);
      row.created = Instant{created};
      row.revoked = time_or_none(revoked);
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

Status insert_token(control::Store& store, const Application* application, const Token& token) {
  return store.write([&](soci::session& sql) -> Status {
    const long long created = token.created.us;
    if (application != nullptr) {
      sql << "INSERT INTO oauth_applications (consumer_key, sealed_secret, name, org, created_us) VALUES (:key, "
             ":secret, :name, :org, :created)",
          soci::use(application->consumer_key), soci::use(application->secret), soci::use(application->name),
          soci::use(application->org), soci::use(created);
    }
    const std::string roles = join_roles(token.grants);
    sql << "INSERT INTO oauth_tokens (id, consumer_key, sealed_secret, name, roles, created_us) VALUES (:id, :key, "
           ":secret, :name, :roles, :created)",
        soci::use(token.id), soci::use(token.consumer_key), soci::use(token.secret), soci::use(token.name),
        soci::use(roles), soci::use(created);
    return {};
  });
}

Status revoke_application(control::Store& store, const std::string& consumer_key, Instant at) {
  return revoke_row(store, "oauth_applications", "consumer_key", consumer_key, at);
}

Status revoke_token(control::Store& store, const std::string& id, Instant at) {
  return revoke_row(store, "oauth_tokens", "id", id, at);
}

Result<bool> insert_nonce(control::Store& store, const std::string& hash, Instant used,
                          std::optional<Instant> prune_before) {
  bool is_new = false;
  auto done = store.write([&](soci::session& sql) -> Status {
    const long long used_us = used.us;
    int seen = 0;
    sql << "SELECT COUNT(*) FROM oauth_nonces WHERE hash = :hash", soci::use(hash), soci::into(seen);
    is_new = seen == 0;
    if (!is_new) return {};
    sql << "INSERT INTO oauth_nonces (hash, used_us) VALUES (:hash, :used)", soci::use(hash), soci::use(used_us);
    if (prune_before) {
      const long long before = prune_before->us;
      sql << "DELETE FROM oauth_nonces WHERE used_us < :before", soci::use(before);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return is_new;
}

}  // namespace meterport::identity
