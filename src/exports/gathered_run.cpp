// Jobs over orgs of several regions: a part of each is gathered, all go into one store, and the job runs over that.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "exports/job_run.h"
#include "exports/region_gaps.h"
#include "queries/part_file.h"

namespace meterport::exports {
namespace {

constexpr std::int64_t wait_step_ms = 50;
/// Facts between two looks at whether the run was interrupted.
constexpr std::uint64_t facts_per_look = 4096;

/// Passes a part on while the run may go on.
class WatchedSink final : public queries::PartSink {
 public:
  WatchedSink(queries::PartSink& below, const RunWatch& watch) : below_(below), watch_(watch) {}
  Status word(warehouse::Dimension dimension, warehouse::Code code, std::string_view text) override {
    return below_.word(dimension, code, text);
  }
  Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) override {
    if (facts_++ % facts_per_look == 0 && watch_.is_interrupted()) return interrupted();
    return below_.fact(fact, payload, arrival_time);
  }

 private:
  queries::PartSink& below_;
  const RunWatch& watch_;
  std::uint64_t facts_ = 0;
};

/// Looks for a meter that the catalogue does not hold: its usage could not be rated.
class MeterCheck final : public queries::PartSink {
 public:
  explicit MeterCheck(const catalog::Snapshot& catalogue) : catalogue_(catalogue) {}
  Status word(warehouse::Dimension dimension, warehouse::Code, std::string_view text) override {
    const bool is_unknown = dimension == warehouse::Dimension::meter && catalogue_.meters_of_id(text).empty();
    if (is_unknown && unknown_.empty()) unknown_ = text;
    return {};
  }
  Status fact(const warehouse::Fact&, std::string_view, Instant) override { return {}; }
  [[nodiscard]] const std::string& unknown() const { return unknown_; }

 private:
  const catalog::Snapshot& catalogue_;
  std::string unknown_;
};

bool names(const std::vector<Gap>& gaps, std::string_view region) {
  return std::ranges::any_of(gaps, [&](const Gap& gap) { return gap.region == region; });
}

/// Some of those before, but not all.
bool has_less(const std::vector<Gap>& gaps, const std::vector<Gap>& before) {
  return gaps.size() < before.size() &&
         std::ranges::all_of(gaps, [&](const Gap& gap) { return names(before, gap.region); });
}

}  // namespace

Status JobRun::gather() {
  queries::PartSource* const source = context_.queries.part_source();
  std::vector<queries::RegionShare> shares;
  if (source != nullptr) {
    shares = queries::shares_of(stored_.job.spec, stored_.job.snapshot.as_of, *catalogue_, orgs_, source->own_region());
  }
  const bool is_linked = std::ranges::any_of(
      shares, [&](const queries::RegionShare& share) { return share.region != source->own_region(); });
  if (is_linked) return gather_parts(*source, std::move(shares));
  return until_loaded([this] { return queries_->wait_loaded(snapshot_, wait_step_ms); });
}

Status JobRun::gather_parts(queries::PartSource& source, std::vector<queries::RegionShare> shares) {
  const auto is_own = [&](const queries::RegionShare& share) { return share.region == source.own_region(); };
  const auto own = std::ranges::find_if(shares, is_own);
  std::vector<queries::RegionShare> others;
  std::ranges::remove_copy_if(shares, std::back_inserter(others), is_own);
  RegionParts parts(source, context_.files, watch_, std::move(others),
                    {.stem = fmt::format("{}/{}.part-", context_.folder, stored_.job.id),
                     .tag = tag_,
                     .times = context_.region_times,
                     .effort = is_filling_ ? RegionParts::Effort::once : RegionParts::Effort::until_budget});
  parts.start();
  const queries::RegionShare* const own_share = own == shares.end() ? nullptr : &*own;
  // What a filling waits for may not be there: the rest is read once it is.
  if (!is_filling_) {
    if (auto loaded = load_own(own_share, parts); !loaded) return loaded;
  }
  if (auto waited = wait_for(parts); !waited) return waited;
  parts.reject_if([this](const RegionParts::Part& part) { return fault_of(part); });
  if (auto noted = note_gaps(parts, shares); !noted) return noted;
  if (is_filling_) {
    if (auto loaded = load_own(own_share, parts); !loaded) return loaded;
  }
  return load(parts);
}

/// A region that is slow or gone must hold up no other job: nothing is done meanwhile.
Status JobRun::wait_for(RegionParts& parts) {
  if (context_.places == nullptr) return parts.wait();
  context_.places->give(watch_);
  Status waited = parts.wait();
  if (waited) watch_.wait_for("a runner");
  context_.places->take_back(watch_);
  watch_.wait_for({});
  if (waited && watch_.is_interrupted()) return interrupted();
  return waited;
}

Status JobRun::load_own(const queries::RegionShare* own, RegionParts& parts) {
  const std::string path =
      fmt::format("{}/{}-{}.parts.{}.tmp", context_.folder, stored_.job.id, stored_.job.revision + 1, tag_);
  auto store = queries::PartStore::create(context_.files, *context_.catalog, *context_.clock, path);
  if (!store) return unreadable(std::move(store));
  store_ = std::move(*store);
  if (own == nullptr) return {};
  return until_loaded([&]() -> Status {
    if (auto in_time = parts.keep_time(); !in_time) return in_time;
    if (auto loaded = context_.queries.wait_loaded(snapshot_, wait_step_ms); !loaded) return loaded;
    const auto sink = store_->sink();
    return context_.queries.read_part(snapshot_, own->request, *sink, [&] { return parts.keep_time(); });
  });
}

Status JobRun::load(const RegionParts& parts) {
  for (const RegionParts::Part& part : parts.parts()) {
    if (!part.is_there) continue;
    const auto sink = store_->sink();
    WatchedSink watched(*sink, watch_);
    auto read = queries::read_part_file(context_.files, part.path, watched);
    if (!read) return watch_.is_interrupted() ? Status(interrupted()) : Status(unreadable(std::move(read)));
  }
  if (auto finished = store_->finish(); !finished) return unreadable(std::move(finished));
  queries_ = &store_->queries();
  snapshot_ = store_->snapshot(stored_.job.snapshot);
  return {};
}

/// What makes a whole part useless for this job; empty: nothing.
std::string JobRun::fault_of(const RegionParts::Part& part) const {
  MeterCheck meters(*catalogue_);
  if (!queries::read_part_file(context_.files, part.path, meters)) return "its part was damaged";
  if (meters.unknown().empty()) return {};
  return fmt::format("it has usage on the meter \"{}\", which is not in the catalogue here", meters.unknown());
}

/// Of the orgs that the region has for the job: one that he may not read, and that is read for another org's total
/// alone, is named only if he may know of it.
std::vector<std::string> JobRun::nameable(const queries::RegionShare& share) const {
  std::vector<std::string> orgs;
  for (const std::string& org : share.request.orgs) {
    const bool is_hidden = std::ranges::binary_search(stored_.missing.ids, org) &&
                           std::ranges::find(stored_.missing.named, org) == stored_.missing.named.end();
    if (!is_hidden) orgs.push_back(org);
  }
  return orgs;
}

Status JobRun::note_gaps(const RegionParts& parts, const std::vector<queries::RegionShare>& shares) {
  std::set<std::string, std::less<>> all(stored_.missing.ids.begin(), stored_.missing.ids.end());
  for (const queries::ReportOrg& one : orgs_) all.insert(one.org->id);
  for (const queries::RegionShare& share : shares) all.insert(share.request.orgs.begin(), share.request.orgs.end());
  for (const RegionParts::Part& part : parts.parts()) {
    if (part.is_there) continue;
    gaps_.push_back({part.share.region, nameable(part.share), part.reason});
    if (!gap_texts_.empty()) gap_texts_ += ' ';
    gap_texts_ += gap_text(gaps_.back(), all.size(), stored_.job.spec.all_linked, *catalogue_);
  }
  if (is_filling_ && !has_less(gaps_, stored_.job.gaps)) {
    is_nothing_new_ = true;
    return fail(ErrorKind::region_unavailable, "No region has its usage yet.");
  }
  for (const Gap& gap : gaps_) {
    if (!std::ranges::binary_search(gap.orgs, stored_.job.spec.org)) continue;
    return fail(ErrorKind::region_unavailable,
                fmt::format("The export could not be made: region \"{}\", which keeps the usage of the organization "
                            "\"{}\", could not be read ({}).",
                            gap.region, informatica_id_or_id(*catalogue_->org(stored_.job.spec.org)),
                            reason_clause(gap.reason)));
  }
  std::erase_if(orgs_, [&](const queries::ReportOrg& one) { return names(gaps_, catalogue_->region_of(one.org->id)); });
  return {};
}

}  // namespace meterport::exports
