// The transactional control store: catalogue projection, users, sessions, keys, jobs, deliveries. SQLite (WAL, FULL)
// now, PostgreSQL later, both through SOCI. SQL lives in the module that owns the tables; this is the only way to a
// session, and transactions only go through here (BEGIN IMMEDIATE on SQLite).
//
// SQL rules: times and ids BIGINT or TEXT, binary as hex text, ON CONFLICT and RETURNING allowed, SKIP LOCKED not.
// Thread-safe. Exceptions of SOCI thrown inside a function passed here become store_unavailable errors.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace soci {
class session;
}

namespace meterport::control {

class Store {
 public:
  virtual ~Store() = default;
  /// Runs `work` on a session for reading. An error it returns is passed on.
  virtual Status read(const std::function<Status(soci::session&)>& work) = 0;
  /// Runs `work` in one write transaction: committed and synced when it returned without error, else rolled back.
  virtual Status write(const std::function<Status(soci::session&)>& work) = 0;
};

/// Opens (or creates) DATA/control.sqlite and applies the migrations of control/migrations/*.sql that are missing.
Result<std::unique_ptr<Store>> open_sqlite(const std::string& path);

}  // namespace meterport::control
