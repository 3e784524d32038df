#include "regions/regions.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "base/log.h"
#include "identity/nonces.h"
#include "regions/answers.h"
#include "regions/fetching.h"
#include "regions/gate.h"
#include "regions/makings.h"
#include "regions/watch.h"

namespace meterport::regions {
namespace {

constexpr std::uint64_t totals_bytes_max = 256 * 1024 * 1024;

class Service final : public Regions {
 public:
  Service(const Parts& parts, RegionKey key, const identity::SecretHash& hash)
      : parts_(parts),
        own_(parts.catalog.own_region()),
        key_(std::move(key)),
        probe_(parts.metrics, parts.clock),
        book_(parts.catalog),
        outgoing_(key_, own_, parts.clock, parts.random, parts.settings.text("regions.ca_file")),
        gate_(own_, book_, parts.clock, key_, probe_, parts.control, hash) {}

  Status open(const Folders& folders) {
    auto makings = Makings::open(parts_.files, folders.parts, parts_.clock, parts_.random,
                                 part_maker(parts_.queries, parts_.files, parts_.clock));
    if (!makings) return fail(std::move(makings));
    makings_ = std::move(*makings);
    answers_ = std::make_unique<Answers>(parts_.catalog, parts_.queries, parts_.clock, gate_, *makings_, probe_,
                                         calls_of_a_region_max());
    auto watch = Watch::open({parts_.control, parts_.catalog, parts_.clock, parts_.settings, outgoing_, book_, probe_});
    if (!watch) return fail(std::move(watch));
    watch_ = std::move(*watch);
    return {};
  }

  void start() override { watch_->start(); }
  void stop() override {
    is_stopping_ = true;
    watch_->stop();
    makings_->stop();
  }
  void on_back(std::function<void(const std::string&)> listener) override { watch_->on_back(std::move(listener)); }
  void add_routes(http::Router& router) override { answers_->add_routes(router); }

  Result<std::vector<RegionStatus>> list(const Principal& principal) override;
  Result<std::vector<RegionStatus>> check(const Principal& principal, std::string_view name) override;
  std::vector<Reachability> reachability() override;

  const std::string& own_region() const override { return own_; }
  Status fetch(const std::string& region, const queries::PartRequest& request, const std::string& path,
               const queries::PartCall& call) override;
  Result<std::vector<queries::TotalRow>> totals(const std::string& region, const queries::TotalsRequest& request,
                                                const std::vector<std::string>& orgs, Instant as_of,
                                                const queries::PartCall& call) override;
  Status probe(const std::string& region, const queries::PartCall& call) override;

 private:
  /// Half of the threads that answer.
  [[nodiscard]] std::size_t calls_of_a_region_max() const {
    return static_cast<std::size_t>(std::max(parts_.settings.number("http.blocking_threads") / 2, std::int64_t{1}));
  }
  Result<Region> peer(const std::string& name);
  RegionStatus status_of(const RegionEntry& entry);
  void look_at(const std::vector<Region>& regions);
  template <class T>
  Result<T> noted(const std::string& region, Result<T> answer);

  const Parts parts_;
  const std::string own_;
  const RegionKey key_;
  Probe probe_;
  RegionBook book_;
  Outgoing outgoing_;
  Gate gate_;
  std::atomic<bool> is_stopping_{false};
  std::unique_ptr<Makings> makings_;
  std::unique_ptr<Answers> answers_;
  std::unique_ptr<Watch> watch_;
};

bool may_look(const Principal& principal) {
  return principal.is_server_itself || is_operator(principal) ||
         std::ranges::any_of(principal.grants, [](const Grant& grant) { return grant.role == Role::admin; });
}

std::unexpected<Error> may_not_look() {
  return fail(ErrorKind::forbidden, "regions are for operators and admins");
}

Result<Region> Service::peer(const std::string& name) {
  if (name == own_) return fail(ErrorKind::forbidden, "is this server itself");
  const auto entries = book_.entries();
  const auto found = entries->find(name);
  if (found == entries->end()) return fail(ErrorKind::forbidden, "is not in the catalogue");
  return found->second.region;
}

/// Who finds nobody there tells the watch, which looks for its coming back.
template <class T>
Result<T> Service::noted(const std::string& region, Result<T> answer) {
  if (!answer && is_gone(answer.error())) watch_->found_gone(region, answer.error().text);
  return answer;
}

Status Service::fetch(const std::string& region, const queries::PartRequest& request, const std::string& path,
                      const queries::PartCall& call) {
  const auto known = peer(region);
  if (!known) return fail(known);
  const auto began = std::chrono::steady_clock::now();
  auto bytes = noted(region, fetch_part(outgoing_, parts_.files, parts_.clock, *known, request, path, call));
  if (!bytes) return fail(std::move(bytes));
  probe_.part_received(region, *bytes);
  const auto took = std::chrono::steady_clock::now() - began;
  const std::int64_t took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  log::info("a part was fetched", {{"region", region}, {"bytes", *bytes}, {"ms", took_ms}});
  return {};
}

Result<std::vector<queries::TotalRow>> Service::totals(const std::string& region, const queries::TotalsRequest& request,
                                                       const std::vector<std::string>& orgs, Instant as_of,
                                                       const queries::PartCall& call) {
  const auto known = peer(region);
  if (!known) return fail(known);
  const TotalsCall totals{.request = request, .orgs = orgs, .as_of = as_of};
  const PeerCall asked{.method = "POST",
                       .path = std::string(totals_path),
                       .query = {},
                       .body = totals_call_json(totals),
                       .answer_bytes_max = totals_bytes_max};
  auto answer = noted(region, outgoing_.call(*known, asked, call));
  if (!answer) return fail(std::move(answer));
  auto rows = read_total_rows(answer->body);
  if (!rows) return fail(ErrorKind::region_unavailable, "its answer can't be read", rows.error().text);
  if (!std::ranges::all_of(*rows, [&](const queries::TotalRow& row) { return is_row_of(row, totals); })) {
    return fail(ErrorKind::region_unavailable, "its answer can't be read", "a row of something that was not asked for");
  }
  return rows;
}

Status Service::probe(const std::string& region, const queries::PartCall& call) {
  const auto known = peer(region);
  return known ? watch_->look(*known, call, false) : Status(fail(known));
}

RegionStatus Service::status_of(const RegionEntry& entry) {
  const Region& region = entry.region;
  RegionStatus status;
  status.name = region.name;
  status.url = region.url;
  status.orgs = entry.orgs;
  status.is_home = entry.is_home;
  status.is_own = region.name == own_;
  if (status.is_own) {
    status.key = key_.public_text();
    status.is_reachable = true;
    if (!region.key.empty() && region.key != status.key)
      status.problem = "the catalogue has another key for this region";
    return status;
  }
  const Seen seen = watch_->seen(region.name);
  status.key = region.key;
  status.is_reachable = seen.is_reachable;
  status.problem = seen.problem;
  // A name that came with another region's catalogue, and that nothing is wanted of, lacks nothing.
  const bool is_wanted = entry.orgs > 0 || !region.url.empty() || !region.key.empty();
  if (is_wanted && (region.url.empty() || region.key.empty())) {
    status.problem = "the catalogue has no URL or no key for it";
  }
  status.looked = seen.looked;
  status.answered = seen.answered;
  status.clock_offset_us = seen.clock_offset_us;
  status.replica_position = seen.replica.position;
  if (seen.replica.checked.us != 0) status.replica_checked = seen.replica.checked;
  return status;
}

Result<std::vector<RegionStatus>> Service::list(const Principal& principal) {
  if (!may_look(principal)) return may_not_look();
  std::vector<RegionStatus> all;
  for (const auto& [name, entry] : *book_.entries()) {
    RegionStatus status = status_of(entry);
    // Why a catalogue is not taken names tenants that an admin of another one is not to know.
    if (!is_operator(principal) && status.problem.starts_with(catalogue_problem))
      status.problem = "its catalogue is not taken";
    all.insert(name == own_ ? all.begin() : all.end(), std::move(status));
  }
  return all;
}

Result<std::vector<RegionStatus>> Service::check(const Principal& principal, std::string_view name) {
  if (!may_look(principal)) return may_not_look();
  std::vector<Region> asked;
  const auto entries = book_.entries();
  if (!name.empty() && !entries->contains(name)) return fail(ErrorKind::not_found, "there is no such region");
  for (const auto& [known, entry] : *entries) {
    const bool can_be_asked = known != own_ && !entry.region.url.empty() && !entry.region.key.empty();
    if (can_be_asked && (name.empty() || name == known)) asked.push_back(entry.region);
  }
  look_at(asked);
  auto all = list(principal);
  if (all && !name.empty()) std::erase_if(*all, [&](const RegionStatus& status) { return status.name != name; });
  return all;
}

void Service::look_at(const std::vector<Region>& regions) {
  const queries::PartCall limits{.timeout_ms = watch_->timeout_ms(), .is_over = &is_stopping_};
  std::vector<std::thread> looks;
  looks.reserve(regions.size());
  for (const Region& region : regions) {
    looks.emplace_back([&] {
      // What comes of it is in its status.
      if (auto looked = watch_->look(region, limits, true); !looked) return;
    });
  }
  for (std::thread& look : looks) look.join();
}

std::vector<Reachability> Service::reachability() {
  std::vector<Reachability> out;
  for (const auto& [name, entry] : *book_.entries()) {
    if (name != own_ && entry.orgs > 0) out.push_back({.name = name, .is_reachable = watch_->seen(name).is_reachable});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Regions>> Regions::open(const Parts& parts, Folders folders) {
  auto key = RegionKey::open(parts.files, folders.keys, parts.random);
  if (!key) return fail(std::move(key));
  // Made by identity, which is opened before.
  auto hash = identity::SecretHash::open(parts.files, folders.keys, parts.random, true);
  if (!hash) return fail(std::move(hash));
  auto service = std::make_unique<Service>(parts, std::move(*key), *hash);
  if (auto opened = service->open(folders); !opened) return fail(std::move(opened));
  return std::unique_ptr<Regions>(std::move(service));
}

}  // namespace meterport::regions
