// Private to the adapter: the open database and its reading connections.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "warehouse/duckdb/handles.h"
#include "warehouse/warehouse.h"

namespace meterport::warehouse::duck {

/// An open database file, sandboxed: no network, no extensions, no files but its own. Thread-safe.
class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const DuckDbOptions& options);
  ~Database() { duckdb_close(&database_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<std::unique_ptr<Connection>> connect() { return Connection::open(database_); }

 private:
  explicit Database(duckdb_database database) : database_(database) {}
  duckdb_database database_;
};

/// Connections kept for reuse; as many as readers at a time. Thread-safe.
class ReaderPool {
 public:
  explicit ReaderPool(Database& database) : database_(database) {}
  /// Runs `work` in a transaction of its own: every statement in it sees the same load batches.
  Status read(const std::function<Status(Connection&)>& work);

 private:
  Database& database_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace meterport::warehouse::duck
