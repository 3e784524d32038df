#include "warehouse/duckdb/pool.h"

#include <array>

#include "base/log.h"

namespace meterport::warehouse::duck {

namespace {

// Idle readers beyond this are closed: each keeps some caches.
constexpr std::size_t idle_max = 8;

class Config {
 public:
  Config() { duckdb_create_config(&config_); }
  ~Config() { duckdb_destroy_config(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  bool set(const char* name, const std::string& value) {
    return duckdb_set_config(config_, name, value.c_str()) == DuckDBSuccess;
  }
  [[nodiscard]] duckdb_config handle() const { return config_; }

 private:
  duckdb_config config_ = nullptr;
};

Status configure(Config& config, const DuckDbOptions& options) {
  const std::string spill_folder =
      options.temporary_folder.empty() && !options.path.empty() ? options.path + ".tmp" : options.temporary_folder;
  const std::array<std::pair<const char*, std::string>, 7> values = {{
      {"threads", std::to_string(options.threads)},
      {"memory_limit", options.memory_limit},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      // The loader checkpoints, at a moment of its choosing; a commit must not.
      {"checkpoint_threshold", "64GB"},
      {"temp_directory", spill_folder},
  }};
  for (const auto& [name, value] : values) {
    if (!config.set(name, value)) {
      return fail(ErrorKind::internal, "the warehouse was configured wrongly", std::string(name) + " = " + value);
    }
  }
  return {};
}

std::unexpected<Error> open_failure(const std::string& message) {
  if (message.find("lock") != std::string::npos) {
    return fail(ErrorKind::store_unavailable, "the warehouse is open in another process", message);
  }
  return fail(
      ErrorKind::internal,
      "the warehouse file cannot be read; stop the server, remove warehouse.duckdb and start again: it is read anew "
      "from the ledger",
      message);
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const DuckDbOptions& options) {
  const std::string_view version = duckdb_library_version();
  if (!version.starts_with("v1.")) {
    return fail(ErrorKind::internal, "this DuckDB is not of version 1", std::string(version));
  }
  Config config;
  if (auto configured = configure(config, options); !configured) return fail(std::move(configured));
  duckdb_database database = nullptr;
  char* message = nullptr;
  const char* path = options.path.empty() ? nullptr : options.path.c_str();
  if (duckdb_open_ext(path, &database, config.handle(), &message) != DuckDBSuccess) {
    const std::string text = message == nullptr ? "" : message;
    duckdb_free(message);
    return open_failure(text);
  }
  std::unique_ptr<Database> opened(new Database(database));
  auto connection = opened->connect();
  if (!connection) return fail(std::move(connection));
  for (const char* sql : {"SET enable_external_access = false", "SET lock_configuration = true"}) {
    if (auto set = (*connection)->run(sql); !set) return fail(std::move(set));
  }
  return opened;
}

Status ReaderPool::read(const std::function<Status(Connection&)>& work) {
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (connection == nullptr) {
    auto made = database_.connect();
    if (!made) return fail(std::move(made));
    connection = std::move(*made);
  }
  auto status = connection->in_transaction([&] { return work(*connection); });
  // A connection that failed may be in an unknown state: it is not used again.
  if (!status) return status;
  const std::lock_guard lock(mutex_);
  if (idle_.size() < idle_max) idle_.push_back(std::move(connection));
  return {};
}

}  // namespace meterport::warehouse::duck
