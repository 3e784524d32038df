#include "app/services.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/clock.h"
#include "base/fault_files.h"
#include "dialects/here/here.h"
#include "dialects/informatica/informatica.h"
#include "dialects/meterport/api.h"
#include "dialects/netsuite/netsuite.h"
#include "intake/operations/usage_kinds.h"

namespace meterport::app {

Result<DataLock> DataLock::take(const std::string& data) {
  const std::string path = data + "/LOCK";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(ErrorKind::not_found,
                fmt::format("{} is no data directory: `meterport init --data {}` makes one", data, data));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 256> holder{};
    const auto n = ::pread(fd, holder.data(), holder.size(), 0);
    ::close(fd);
    const std::string address = n > 0 ? std::string(holder.data(), static_cast<std::size_t>(n)) : std::string();
    if (address.empty())
      return fail(ErrorKind::conflict, data + " is in use by another meterport command; try again when it ended");
    return fail(
        ErrorKind::conflict,
        fmt::format("{} is in use by a server; use --url {} and an API key (METERPORT_API_KEY) instead of --data", data,
                    address));
  }
  if (::ftruncate(fd, 0) != 0) {
    ::close(fd);
    return fail(ErrorKind::store_unavailable, path + " can't be written");
  }
  return DataLock(fd);
}

DataLock::DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataLock::~DataLock() {
  if (fd_ >= 0) ::close(fd_);
}

void DataLock::announce(const std::string& address) const {
  // Only a help for the next caller's message: a failure changes nothing.
  [[maybe_unused]] const auto n = ::pwrite(fd_, address.data(), address.size(), 0);
}

Result<std::unique_ptr<Services>> Services::open(const std::string& data, Settings settings) {
  auto services = std::unique_ptr<Services>(new Services(data, std::move(settings)));
  auto lock = DataLock::take(data);
  if (!lock) return fail(std::move(lock));
  services->lock_ = std::make_unique<DataLock>(std::move(*lock));
  if (!system_files().exists(data + "/control.sqlite"))
    return fail(ErrorKind::not_found,
                fmt::format("{} is no data directory: `meterport init --data {}` makes one", data, data));
  if (auto s = services->open_stores(); !s) return fail(std::move(s));
  if (auto s = services->open_services(); !s) return fail(std::move(s));
  return services;
}

namespace {
ledger::LedgerOptions ledger_options(const std::string& data, const Settings& settings) {
  ledger::LedgerOptions options;
  options.log.folder = data + "/ledger";
  options.log.segment_bytes = static_cast<std::uint64_t>(settings.number("ledger.segment_bytes"));
  options.log.reserve_bytes = static_cast<std::uint64_t>(settings.number("ledger.reserve_bytes"));
  options.log.reserve_percent = static_cast<unsigned>(settings.number("ledger.reserve_percent"));
  options.index_folder = data + "/index";
  options.index_table_keys = static_cast<std::size_t>(settings.number("index.table_keys"));
  options.keys_folder = data + "/keys";
  return options;
}
}  // namespace

Status Services::open_stores() {
  test_files_ = files_from_environment(system_files());
  files_ = test_files_ ? test_files_.get() : &system_files();
  clock_ = &clock_from_environment();
  auto control = control::open_sqlite(data_ + "/control.sqlite");
  if (!control) return fail(std::move(control));
  control_ = std::move(*control);
  auto ledger = ledger::Ledger::open(ledger_options(data_, settings_), *files_, *clock_, metrics_);
  if (!ledger) return fail(std::move(ledger));
  ledger_ = std::move(*ledger);
  warehouse::DuckDbOptions options;
  options.path = data_ + "/warehouse.duckdb";
  options.memory_limit = settings_.text("warehouse.memory_limit");
  options.threads = static_cast<unsigned>(settings_.number("warehouse.threads"));
  options.temporary_folder = data_ + "/warehouse.tmp";
  auto warehouse = warehouse::open_duckdb(options);
  if (!warehouse) return fail(std::move(warehouse));
  warehouse_ = std::move(*warehouse);
  return {};
}

Status Services::open_services() {
  auto catalog =
      catalog::Catalog::open(ledger_->log(), *control_, *clock_, system_random(), settings_.text("region.name"));
  if (!catalog) return fail(std::move(catalog));
  catalog_ = std::move(*catalog);
  auto identity = identity::Identity::open(*control_, *catalog_, *clock_, system_random(), settings_, data_ + "/keys",
                                           system_files());
  if (!identity) return fail(std::move(identity));
  identity_ = std::move(*identity);
  loading::LoaderOptions loader_options;
  loader_options.batch_records_max = static_cast<std::size_t>(settings_.number("loading.batch_records_max"));
  loader_options.checkpoint_bytes = static_cast<std::uint64_t>(settings_.number("loading.checkpoint_bytes"));
  auto loader = loading::Loader::start(ledger_->log(), *warehouse_, metrics_, loader_options);
  if (!loader) return fail(std::move(loader));
  loader_ = std::move(*loader);
  // A meter that was ever loaded keeps its unit. Two tenants' meters of one id count as one here: refusing more is
  // safe.
  catalog_->set_usage_probe([this](std::string_view, std::string_view meter) {
    return loader_->dictionaries().find(warehouse::Dimension::meter, meter) != 0;
  });
  intake::IntakeOptions intake_options;
  intake_options.queue_requests_max = static_cast<std::size_t>(settings_.number("intake.queue_requests_max"));
  intake_ = std::make_unique<intake::Intake>(*ledger_, *catalog_, *clock_, metrics_, intake_options);
  auto operations = intake::Operations::open(
      {*control_, *intake_, *catalog_, *files_, *clock_, system_random(), settings_, metrics_, data_ + "/operations"});
  if (!operations) return fail(std::move(operations));
  operations_ = std::move(*operations);
  intake::add_usage_kinds(*operations_, settings_);
  queries_ = std::make_unique<queries::Queries>(*warehouse_, *loader_, *catalog_, ledger_->log(), *clock_);
  auto regions =
      regions::Regions::open({*control_, *catalog_, *queries_, *files_, *clock_, system_random(), settings_, metrics_},
                             {.keys = data_ + "/keys", .parts = data_ + "/parts"});
  if (!regions) return fail(std::move(regions));
  regions_ = std::move(*regions);
  constexpr std::int64_t ms_per_s = 1'000;
  queries_->set_part_source(regions_.get(), settings_.number("regions.read_budget") * ms_per_s);
  auto keys = delivery::SigningKeys::open(system_files(), data_ + "/keys", system_random());
  if (!keys) return fail(std::move(keys));
  auto outbox = delivery::Outbox::open(*control_, *clock_, system_random(), settings_, metrics_, *keys);
  if (!outbox) return fail(std::move(outbox));
  outbox_ = std::move(*outbox);
  auto exports = exports::Exports::open(*control_, *queries_, *catalog_, *outbox_, *files_, *clock_, system_random(),
                                        settings_, metrics_, data_ + "/artifacts");
  if (!exports) return fail(std::move(exports));
  exports_ = std::move(*exports);
  regions_->on_back([this](const std::string& region) { exports_->region_is_back(region); });
  deliveries_ = std::make_unique<exports::Deliveries>(*control_, *catalog_, *outbox_);
  return {};
}

Services::~Services() {
  if (regions_) regions_->stop();  // its threads call exports
}

std::string Services::not_ready_reason() const {
  if (ledger_->log().is_read_only()) return "the ledger is read-only after a failed sync; restart the server";
  if (const std::string reason = loader_->stopped_reason(); !reason.empty()) {
    return "usage is no longer loaded into the warehouse: " + reason + "; restart the server";
  }
  return {};
}

void Services::add_routes(http::Router& router) {
  informatica::add_routes(router, {*identity_, *catalog_, *exports_, settings_, *clock_, system_random()});
  netsuite::add_routes(router, {*identity_, *catalog_, *operations_, settings_});
  here::add_routes(router, {*identity_, *catalog_, *queries_, *exports_, settings_, *clock_, system_random()});
  api::add_routes(router, {*identity_, *catalog_, *intake_, *operations_, *queries_, *exports_, *deliveries_, settings_,
                           *clock_, metrics_, *regions_, [this] { return not_ready_reason(); }});
  regions_->add_routes(router);
}

}  // namespace meterport::app
