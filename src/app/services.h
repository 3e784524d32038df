// The composition root: every service of one data directory, opened in the order of the arrows and closed in reverse.
//
// A data directory has one user at a time: open() takes DATA/LOCK and says who holds it.
#pragma once

#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/metrics.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "control/store.h"
#include "delivery/delivery.h"
#include "exports/deliveries.h"
#include "exports/exports.h"
#include "http/router.h"
#include "identity/identity.h"
#include "intake/intake.h"
#include "intake/operations/operations.h"
#include "ledger/ledger.h"
#include "loading/loader.h"
#include "queries/queries.h"
#include "regions/regions.h"
#include "warehouse/warehouse.h"

namespace meterport::app {

/// Exclusive hold on a data directory, given up on destruction or when the process ends.
class DataLock {
 public:
  /// conflict: another process works on it; the text names its `--url` form when it is a server.
  static Result<DataLock> take(const std::string& data);
  DataLock(DataLock&& other) noexcept;
  DataLock& operator=(DataLock&&) = delete;
  ~DataLock();
  /// Written into LOCK for the next one who asks: the server's address.
  void announce(const std::string& address) const;

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_;
};

class Services {
 public:
  /// not_found: no data directory there (the text says `meterport init`).
  static Result<std::unique_ptr<Services>> open(const std::string& data, Settings settings);
  ~Services();

  [[nodiscard]] const std::string& data() const { return data_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  DataLock& lock() { return *lock_; }
  Clock& clock() { return *clock_; }
  metrics::Registry& metrics() { return metrics_; }
  catalog::Catalog& catalog() { return *catalog_; }
  identity::Identity& identity() { return *identity_; }
  intake::Intake& intake() { return *intake_; }
  intake::Operations& operations() { return *operations_; }
  queries::Queries& queries() { return *queries_; }
  exports::Exports& exports() { return *exports_; }
  regions::Regions& regions() { return *regions_; }
  delivery::Outbox& outbox() { return *outbox_; }
  /// Why the server can't take work; empty when it can.
  [[nodiscard]] std::string not_ready_reason() const;
  /// All dialects' routes.
  void add_routes(http::Router& router);

 private:
  Services(std::string data, Settings settings) : data_(std::move(data)), settings_(std::move(settings)) {}
  Status open_stores();
  Status open_services();

  // Destroyed from the last to the first: a service never outlives what it calls.
  std::string data_;
  Settings settings_;
  std::unique_ptr<DataLock> lock_;
  metrics::Registry metrics_;
  std::unique_ptr<FileSystem> test_files_;
  FileSystem* files_ = nullptr;
  Clock* clock_ = nullptr;
  std::unique_ptr<control::Store> control_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<loading::Loader> loader_;
  std::unique_ptr<intake::Intake> intake_;
  std::unique_ptr<intake::Operations> operations_;
  std::unique_ptr<queries::Queries> queries_;
  std::unique_ptr<regions::Regions> regions_;
  std::unique_ptr<delivery::Outbox> outbox_;
  std::unique_ptr<exports::Exports> exports_;
  std::unique_ptr<exports::Deliveries> deliveries_;
};

/// What `meterport init` is asked for.
struct InitRequest {
  std::string data;
  std::string catalog_json;  ///< empty: the default catalogue of Informatica meters
  std::string org_id = "root", org_name;
  std::string admin_password;  ///< empty: made
};
struct InitResult {
  std::string org_id;
  std::string admin_password;
  bool password_was_made = false;
};
/// Stores, secrets, first tenant, first administrator `admin`. conflict: the directory is in use as one already.
Result<InitResult> init_data(const InitRequest& request, const Settings& settings);

}  // namespace meterport::app
