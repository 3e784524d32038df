// Billed usage as the services call it: a reader for exports, a page at once for dialects.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "queries/billed_reader.h"

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
  auto reader = billed_usage(*snapshot, *then, asked_orgs(**then, request), request.period, request.spec);
  if (!reader) return fail(std::move(reader));
  BilledPage page{.total = 0, .snapshot = *snapshot};
  const std::uint64_t rows_max = request.spec.rows_max;
  for (std::size_t i = 0; i < (*reader)->slices(); ++i) {
    auto read = (*reader)->read_next([&](const BilledRow& row) -> Status {
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

}  // namespace meterport::queries
