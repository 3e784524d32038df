// Billed usage as the services call it: a reader for exports, a page at once for dialects.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "queries/billed_reader.h"
#include "queries/part_file.h"
#include "queries/part_store.h"
#include "queries/region_calls.h"

namespace meterport::queries {

namespace {

constexpr std::int64_t wait_ms_max = 2'000;

std::unexpected<Error> not_readable() {
  return fail(ErrorKind::forbidden, "org: reading usage needs the role viewer, exporter or admin on it", {}, "org");
}

/// The orgs as they are now, if the principal may read all of them. Unknown ones are refused like foreign ones.
Status check_readable(const catalog::Snapshot& current, const Principal& principal, const BilledPageRequest& request) {
  const auto may_read = [&](std::string_view org) {
    return current.org(org) != nullptr &&
           (current.allows(principal, Role::viewer, org) || current.allows(principal, Role::exporter, org));
  };
  if (!may_read(request.org) || !std::ranges::all_of(request.spec.orgs, may_read)) return not_readable();
  if (!principal.project.empty() && principal.project != request.spec.project) {
    return fail(ErrorKind::forbidden, "project: this token is for one project", {}, "project");
  }
  return {};
}

std::vector<const Org*> asked_orgs(const catalog::Snapshot& then, const BilledPageRequest& request) {
  std::vector<const Org*> orgs;
  const auto add = [&](const std::string& id) {
    if (const Org* org = then.org(id)) orgs.push_back(org);
  };
  std::ranges::for_each(request.spec.orgs, add);
  if (request.spec.orgs.empty()) add(request.org);
  return orgs;
}

std::vector<RegionShare> shares_of_page(const BilledPageRequest& request, const Snapshot& snapshot,
                                        const catalog::Snapshot& then, const std::vector<const Org*>& orgs,
                                        const std::string& own_region) {
  ExportSpec spec;
  spec.kind = ExportKind::billed_usage;
  spec.period = request.period;
  spec.billed = request.spec;
  ReportOrgs report;
  for (const Org* org : orgs) report.push_back({org, {}});
  return shares_of(spec, snapshot.as_of, then, report, own_region);
}

/// For parts of others until they are read; nobody else may look into it. Removed at the end.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> make() {
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "meterport-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return fail(ErrorKind::store_unavailable, "a temporary folder could not be made", name);
    }
    return TemporaryFolder(std::move(name));
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
    if (error) log::warning("a temporary folder stays behind", {{"path", path_}, {"detail", error.message()}});
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// The rows that the page shows, of all that the reader has.
Result<BilledPage> page_of(BilledUsage& reader, const Snapshot& snapshot, const BilledPageRequest& request,
                           const std::function<Status(const BilledRow&)>& each) {
  BilledPage page{.total = 0, .snapshot = snapshot};
  const std::uint64_t rows_max = request.spec.rows_max;
  for (std::size_t i = 0; i < reader.slices(); ++i) {
    auto read = reader.read_next([&](const BilledRow& row) -> Status {
      const std::uint64_t place = page.total++;
      if (rows_max > 0 && page.total > rows_max) {
        return fail(ErrorKind::too_large, fmt::format("the answer has more than {} rows", rows_max));
      }
      if (place < request.skip || place - request.skip >= request.count) return {};
      return each(row);
    });
    if (!read) return fail(std::move(read));
  }
  return page;
}

}  // namespace

Result<std::unique_ptr<BilledUsage>> Queries::billed_usage(const Snapshot& snapshot, catalog::SnapshotPtr catalogue,
                                                           const std::vector<const Org*>& orgs, Period period,
                                                           const BilledUsageSpec& spec) {
  return open_billed_usage(
      warehouse_, loader_,
      {.snapshot = snapshot, .catalogue = std::move(catalogue), .orgs = orgs, .period = period, .spec = spec});
}

Result<BilledPage> Queries::billed_page(const Principal& principal, const BilledPageRequest& request,
                                        const std::function<Status(const BilledRow&)>& each) {
  if (auto readable = check_readable(*catalog_.current(), principal, request); !readable) {
    return fail(std::move(readable));
  }
  const auto snapshot = pin_durable();
  if (!snapshot) return fail(snapshot);
  const auto then = catalogue(*snapshot);
  if (!then) return fail(then);
  if (auto loaded = wait_loaded(*snapshot, wait_ms_max); !loaded) return fail(std::move(loaded));
  const auto orgs = asked_orgs(**then, request);
  if (part_source_ != nullptr) {
    const auto shares = shares_of_page(request, *snapshot, **then, orgs, part_source_->own_region());
    const auto is_own = [&](const RegionShare& share) { return share.region == part_source_->own_region(); };
    if (!std::ranges::all_of(shares, is_own)) return page_over_regions(*snapshot, *then, request, shares, each);
  }
  auto reader = billed_usage(*snapshot, *then, orgs, request.period, request.spec);
  if (!reader) return fail(std::move(reader));
  return page_of(**reader, *snapshot, request, each);
}

/// By way of parts, as an export, but in memory.
Result<BilledPage> Queries::page_over_regions(const Snapshot& snapshot, const catalog::SnapshotPtr& catalogue,
                                              const BilledPageRequest& request, const std::vector<RegionShare>& shares,
                                              const std::function<Status(const BilledRow&)>& each) {
  auto folder = TemporaryFolder::make();
  if (!folder) return fail(std::move(folder));
  auto store = PartStore::create(system_files(), catalog_, clock_, {});
  if (!store) return fail(std::move(store));
  std::vector<const RegionShare*> others;
  std::vector<std::string> names;
  for (const RegionShare& share : shares) {
    if (share.region == part_source_->own_region()) continue;
    others.push_back(&share);
    names.push_back(share.region);
  }
  const auto path_of = [&](std::size_t i) { return fmt::format("{}/{}.part", folder->path(), i); };
  const auto ask = [&](std::size_t i, const PartCall& call) {
    return part_source_->fetch(names[i], others[i]->request, path_of(i), call);
  };
  auto asked = ask_regions(names, read_budget_ms_, ask, [&]() -> Status {
    if (shares.front().region != part_source_->own_region()) return {};
    return read_part(snapshot, shares.front().request, *(*store)->sink());
  });
  if (!asked) return fail(std::move(asked));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto read = read_part_file(system_files(), path_of(i), *(*store)->sink());
    if (read) continue;
    return fail(ErrorKind::region_unavailable,
                fmt::format("region \"{}\" does not answer: {}", names[i], read.error().text), read.error().detail);
  }
  if (auto finished = (*store)->finish(); !finished) return fail(std::move(finished));
  auto reader = (*store)->queries().billed_usage((*store)->snapshot(snapshot), catalogue,
                                                 asked_orgs(*catalogue, request), request.period, request.spec);
  if (!reader) return fail(std::move(reader));
  return page_of(**reader, snapshot, request, each);
}

}  // namespace meterport::queries
