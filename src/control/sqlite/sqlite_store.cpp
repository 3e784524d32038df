// The control store on SQLite through SOCI: one session that writes, a few that read. WAL lets readers go on while the
// writer works; synchronous=FULL makes a commit durable when it returns.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "control/migrations.h"
#include "control/store.h"

namespace meterport::control {
namespace {

constexpr std::size_t readers_max = 6;
constexpr int sqlite_full = 13;  // SQLITE_FULL of the C API, whose header SOCI hides

std::unexpected<Error> store_error(const soci::soci_error& error) {
  const auto* sqlite_error = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  if (sqlite_error != nullptr && sqlite_error->result() == sqlite_full) {
    return fail(ErrorKind::storage_full, "no room left for the control store", error.what());
  }
  return fail(ErrorKind::store_unavailable, "the control store is not available", error.what());
}

/// Runs `work` and turns what third-party code throws into an error.
Status guarded(const std::function<Status(soci::session&)>& work, soci::session& session) {
  try {
    return work(session);
  } catch (const soci::soci_error& error) {
    return store_error(error);
  } catch (const std::exception& error) {
    return fail(ErrorKind::internal, "internal error", error.what());
  }
}

Status execute(soci::session& session, const char* sql) {
  return guarded(
      [sql](soci::session& s) -> Status {
        s << sql;
        return {};
      },
      session);
}

Result<std::string> connect_string(const std::string& path) {
  // SOCI reads a text with '=' as key=value pairs and knows no escape for quotes.
  if (path.find('=') == std::string::npos) return path;
  if (path.find('"') != std::string::npos) {
    return fail(ErrorKind::invalid, "data directory: its path may not hold both = and \"", path);
  }
  return "dbname=\"" + path + "\"";
}

Result<std::unique_ptr<soci::session>> connect(const std::string& path, bool is_writer) {
  auto text = connect_string(path);
  if (!text) return fail(std::move(text));
  try {
    auto session = std::make_unique<soci::session>(soci::sqlite3, *text);
    *session << "PRAGMA busy_timeout = 10000";
    *session << "PRAGMA journal_mode = WAL";
    *session << "PRAGMA synchronous = FULL";
    *session << "PRAGMA foreign_keys = ON";
    *session << "PRAGMA journal_size_limit = 67108864";
    if (!is_writer) *session << "PRAGMA query_only = ON";
    return session;
  } catch (const soci::soci_error& error) {
    return store_error(error);
  }
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string path, std::unique_ptr<soci::session> writer)
      : path_(std::move(path)), writer_(std::move(writer)) {}

  Status read(const std::function<Status(soci::session&)>& work) override {
    auto session = take_reader();
    if (!session) return fail(std::move(session));
    // One transaction, so that several statements see one state.
    Status result = execute(**session, "BEGIN");
    if (result) {
      result = guarded(work, **session);
      Status ended = execute(**session, "COMMIT");
      if (!ended) {
        if (result) result = fail(std::move(ended));
        session->reset();  // a session that cannot end its transaction is not used again
      }
    }
    give_back(std::move(*session));
    return result;
  }

  Status write(const std::function<Status(soci::session&)>& work) override {
    if (writing_thread_.load() == std::this_thread::get_id()) {
      return fail(ErrorKind::internal, "internal error", "a write transaction was begun inside another");
    }
    const std::lock_guard lock(writer_mutex_);
    writing_thread_ = std::this_thread::get_id();
    Status result = write_locked(work);
    writing_thread_ = std::thread::id{};
    return result;
  }

 private:
  Status write_locked(const std::function<Status(soci::session&)>& work) {
    Status result = execute(*writer_, "BEGIN IMMEDIATE");
    if (!result) return result;
    result = guarded(work, *writer_);
    if (result) result = execute(*writer_, "COMMIT");
    if (!result) {
      // Some errors (a full disk) have rolled back by themselves, then this one fails and says nothing new.
      const Status rolled_back = execute(*writer_, "ROLLBACK");
      if (!rolled_back) log::debug("rollback", {{"detail", rolled_back.error().detail}});
    }
    return result;
  }

  Result<std::unique_ptr<soci::session>> take_reader() {
    std::unique_lock lock(readers_mutex_);
    reader_free_.wait(lock, [this] { return !idle_readers_.empty() || readers_ < readers_max; });
    if (!idle_readers_.empty()) {
      auto session = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return session;
    }
    ++readers_;
    lock.unlock();
    auto session = connect(path_, false);
    if (!session) give_back(nullptr);
    return session;
  }

  void give_back(std::unique_ptr<soci::session> session) {
    {
      const std::lock_guard lock(readers_mutex_);
      if (session) {
        idle_readers_.push_back(std::move(session));
      } else {
        --readers_;
      }
    }
    reader_free_.notify_one();
  }

  const std::string path_;

  std::mutex writer_mutex_;
  std::unique_ptr<soci::session> writer_;
  std::atomic<std::thread::id> writing_thread_{};

  std::mutex readers_mutex_;
  std::condition_variable reader_free_;
  std::vector<std::unique_ptr<soci::session>> idle_readers_;
  std::size_t readers_ = 0;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path) {
  auto writer = connect(path, true);
  if (!writer) return fail(std::move(writer));
  Status migrated = guarded([](soci::session& session) { return migrate(session, migrations()); }, **writer);
  if (!migrated) return fail(std::move(migrated));
  return std::make_unique<SqliteStore>(path, std::move(*writer));
}

}  // namespace meterport::control
