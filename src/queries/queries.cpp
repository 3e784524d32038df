// Pinning and planning.
#include "queries/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "queries/slice_cut.h"
#include "queries/slice_reader.h"
#include "queries/text_order.h"

namespace meterport::queries {

using warehouse::Dimension;

Queries::Queries(warehouse::Warehouse& warehouse, loading::Loader& loader, catalog::Catalog& catalog, ledger::Log& log,
                 Clock& clock)
    : warehouse_(warehouse), loader_(loader), catalog_(catalog), log_(&log), records_(records_of(log)), clock_(clock) {}

Queries::Queries(warehouse::Warehouse& warehouse, loading::Loader& loader, catalog::Catalog& catalog,
                 std::unique_ptr<RecordSource> records, Clock& clock)
    : warehouse_(warehouse),
      loader_(loader),
      catalog_(catalog),
      log_(nullptr),
      records_(std::move(records)),
      clock_(clock) {}

Status Queries::require_ledger() const {
  if (log_ != nullptr) return {};
  return fail(ErrorKind::internal, "this can be asked of a ledger alone", "queries over a part store");
}

Result<Snapshot> Queries::with_catalogue(Instant as_of, std::uint64_t position) {
  // at() waits for a change that is durable but not yet published: C is a function of the position.
  const auto then = catalog_.at(position, day_of(as_of));
  if (!then) return fail(then);
  return Snapshot{.as_of = as_of, .ledger_position = position, .catalogue_position = (*then)->position()};
}

Result<Snapshot> Queries::pin(std::optional<std::uint64_t> position, std::optional<Instant> time) {
  if (auto required = require_ledger(); !required) return fail(std::move(required));
  if (position && time) {
    return fail(ErrorKind::invalid, "as_of: either a position or a time, not both", {}, "as_of");
  }
  if (position) {
    const std::uint64_t durable = log_->durable_position();
    if (*position > durable) {
      return fail(ErrorKind::invalid, fmt::format("as_of: the ledger ends at position {}", durable), {}, "as_of");
    }
    if (*position == 0) return with_catalogue(Instant{}, 0);
    std::string storage;
    const auto record = ledger::read_at(*log_, *position, storage);
    if (!record) return fail(record);
    return with_catalogue(record->commit_time, *position);
  }
  // The clock may have been set back; what was acknowledged belongs to "now" all the same.
  const Instant now = std::max(clock_.now(), log_->last_commit_time());
  if (time && *time > now) return fail(ErrorKind::invalid, "as_of: lies in the future", {}, "as_of");
  const Instant as_of = time.value_or(now);
  const auto at = log_->position_at(as_of);
  if (!at) return fail(at);
  return with_catalogue(as_of, *at);
}

Status Queries::wait_loaded(const Snapshot& snapshot, std::int64_t wait_ms_max) {
  return loader_.wait_for(snapshot.ledger_position, wait_ms_max);
}

Result<catalog::SnapshotPtr> Queries::catalogue(const Snapshot& snapshot) {
  return catalog_.at(snapshot.catalogue_position, day_of(snapshot.as_of));
}

namespace {

/// Counts as cells of (major, minor), sorted.
std::vector<Cell> cells_of(const std::vector<warehouse::DayCount>& counts, const OrgCodes& orgs, Day first, Day last,
                           Queries::SliceOrder order) {
  std::vector<Cell> cells;
  cells.reserve(counts.size());
  for (const warehouse::DayCount& count : counts) {
    const auto day =
        static_cast<std::uint32_t>(order.days_descending ? last.days - count.day.days : count.day.days - first.days);
    const std::uint32_t org = orgs.rank_of(count.org);
    cells.push_back(
        {.major = order.days_major ? day : org, .minor = order.days_major ? org : day, .records = count.records});
  }
  std::ranges::sort(cells, {}, [](const Cell& cell) { return std::tuple(cell.major, cell.minor); });
  return cells;
}

Slice slice_of(const Piece& piece, Day first, Day last, const std::string& meter, Queries::SliceOrder order) {
  Slice slice;
  slice.meter = meter;
  slice.records = piece.records;
  std::int32_t day_first = static_cast<std::int32_t>(order.days_major ? piece.major_first : piece.minor_first);
  std::int32_t day_last = static_cast<std::int32_t>(order.days_major ? piece.major_end : piece.minor_end) - 1;
  if (order.days_descending) {
    slice.first = last.plus(-day_last);
    slice.last = last.plus(-day_first);
  } else {
    slice.first = first.plus(day_first);
    slice.last = first.plus(day_last);
  }
  slice.org_first = order.days_major ? piece.minor_first : piece.major_first;
  slice.org_end = order.days_major ? piece.minor_end : piece.major_end;
  return slice;
}

}  // namespace

Result<std::vector<Slice>> Queries::plan_slices(const Snapshot& snapshot, const ReportOrgs& orgs, Day first, Day last,
                                                const std::string& meter, SliceOrder order, std::uint64_t records_max) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return fail(std::move(loaded));
  std::vector<Slice> slices;
  if (last < first || orgs.empty()) return slices;
  const OrgCodes codes(loader_.dictionaries(), orgs, 0, orgs.size());
  const auto query = query_of(snapshot, loader_.dictionaries(), codes, {.first = first, .last = last, .meter = meter});
  std::vector<warehouse::DayCount> counts;
  if (query) {
    auto counted = warehouse_.count_days(query->as_of_position, query->orgs, query->meters, query->from, query->to);
    if (!counted) return fail(std::move(counted));
    counts = std::move(*counted);
  }
  const auto days = static_cast<std::uint32_t>(last.days - first.days + 1);
  const auto org_count = static_cast<std::uint32_t>(orgs.size());
  const auto cells = cells_of(counts, codes, first, last, order);
  const auto pieces = cut(cells, order.days_major ? days : org_count, order.days_major ? org_count : days, records_max);
  for (const Piece& piece : pieces) slices.push_back(slice_of(piece, first, last, meter, order));
  return slices;
}

Result<std::vector<std::string>> Queries::meters_in_use(const Snapshot& snapshot, const ReportOrgs& orgs, Day first,
                                                        Day last) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return fail(std::move(loaded));
  std::vector<std::string> ids;
  const OrgCodes codes(loader_.dictionaries(), orgs, 0, orgs.size());
  if (codes.codes().empty()) return ids;
  const auto meters =
      warehouse_.meters_in_use(snapshot.ledger_position, codes.codes(), start_of(first), start_of(last.plus(1)));
  if (!meters) return fail(meters);
  for (const warehouse::Code meter : *meters) ids.emplace_back(loader_.dictionaries().text(Dimension::meter, meter));
  std::ranges::sort(ids);
  return ids;
}

}  // namespace meterport::queries
