#include "queries/part_reader.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::Fact;
using warehouse::FactRow;

namespace {

constexpr DaySpan every_day = {Day{std::numeric_limits<std::int32_t>::min()},
                               Day{std::numeric_limits<std::int32_t>::max()}};
constexpr std::int64_t whole_max = 9'000'000'000'000'000'000;

std::vector<Org> named(const std::vector<std::string>& ids) {
  std::vector<Org> orgs(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) orgs[i].id = ids[i];
  return orgs;
}

ReportOrgs on_every_day(const std::vector<Org>& orgs) {
  ReportOrgs report;
  for (const Org& org : orgs) report.push_back({&org, {every_day}});
  return report;
}

Code& code_of(Fact& fact, Dimension dimension) {
  return fact.codes.at(static_cast<std::size_t>(dimension));
}

}  // namespace

PartReader::PartReader(const Sources& sources, const PartRequest& request, PartSink& sink)
    : sources_(sources),
      request_(request),
      sink_(sink),
      orgs_(named(request.orgs)),
      report_(on_every_day(orgs_)),
      codes_(sources.words, report_, 0, report_.size()) {
  for (const std::string& org : request.orgs) code_by_rank_.push_back(sources.words.find(Dimension::org, org));
}

std::vector<Code> PartReader::meter_codes() const {
  if (request_.meter.empty()) return {};
  return {sources_.words.find(Dimension::meter, request_.meter)};
}

Status PartReader::read(const Planner& plan) {
  // A meter or orgs that nothing was ever used of have no code.
  if (codes_.codes().empty() || (!request_.meter.empty() && meter_codes().front() == 0)) return {};
  if (request_.grain == PartGrain::facts) return read_facts();
  const auto slices = plan(report_);
  if (!slices) return fail(slices);
  if (request_.grain == PartGrain::records) {
    if (auto found = find_taken_back(*slices); !found) return found;
    return read_facts();
  }
  if (request_.with_first_days) {
    if (auto read = read_first_days(); !read) return read;
  }
  for (const Slice& slice : *slices) {
    if (auto may = may_go_on(); !may) return may;
    if (auto read = read_sums(slice); !read) return read;
  }
  return {};
}

Status PartReader::give(const Fact& fact, std::string_view payload, Instant arrival_time) {
  for (std::size_t i = 0; i < warehouse::dimension_count; ++i) {
    const Code code = fact.codes[i];
    if (code == 0) continue;
    auto& given = given_[i];
    if (code >= given.size()) given.resize(std::max<std::size_t>(code + std::size_t{1}, given.size() * 2));
    if (given[code]) continue;
    given[code] = true;
    const auto dimension = static_cast<Dimension>(i);
    if (auto taken = sink_.word(dimension, code, sources_.words.text(dimension, code)); !taken) return taken;
  }
  return sink_.fact(fact, payload, arrival_time);
}

Status PartReader::read_first_days() {
  const Instant begin = start_of(day_of(Instant{std::numeric_limits<std::int64_t>::min() / 4}));
  std::vector<Code> meters = meter_codes();
  if (meters.empty()) {
    auto used = sources_.warehouse.meters_in_use(sources_.position, codes_.codes(), begin, request_.period.from);
    if (!used) return fail(std::move(used));
    meters = std::move(*used);
  }
  if (meters.empty()) return {};
  auto days = sources_.warehouse.first_days(sources_.position, codes_.codes(), meters, day_of(request_.period.from));
  if (!days) return fail(std::move(days));
  std::ranges::sort(*days, {}, [&](const warehouse::FirstDay& first) {
    return std::tuple(first.day, codes_.rank_of(first.org), sources_.words.text(Dimension::meter, first.meter));
  });
  for (const warehouse::FirstDay& first : *days) {
    Fact fact{.time_us = start_of(first.day).us};
    code_of(fact, Dimension::org) = first.org;
    code_of(fact, Dimension::meter) = first.meter;
    if (auto taken = give(fact); !taken) return taken;
  }
  return {};
}

Status PartReader::read_sums(const Slice& slice) {
  const OrgCodes some(sources_.words, report_, slice.org_first, slice.org_end);
  const Snapshot snapshot{.as_of = request_.as_of, .ledger_position = sources_.position};
  auto query = query_of(snapshot, sources_.words, some, slice);
  if (!query) return {};
  query->group_by = request_.dims;
  std::vector<Sum> sums;
  std::vector<Total> quantities;
  std::vector<Code> dims;
  auto read = sources_.warehouse.sum(*query, [&](const warehouse::SumRow& row) {
    sums.push_back({row.day.days, some.rank_of(row.org), row.meter, static_cast<std::uint32_t>(sums.size())});
    quantities.push_back(row.quantity);
    dims.insert(dims.end(), row.dims.begin(), row.dims.end());
  });
  if (!read) return read;
  const std::vector<Code> codes = dims;
  std::vector<Code> meters;
  for (const Sum& sum : sums) meters.push_back(sum.meter);
  put_in_order(sums, dims);
  for (const Sum& sum : sums) {
    Fact fact{.time_us = start_of(Day{sum.day}).us};
    code_of(fact, Dimension::org) = code_by_rank_[sum.org];
    code_of(fact, Dimension::meter) = meters[sum.place];
    const std::size_t first = sum.place * request_.dims.size();
    for (std::size_t i = 0; i < request_.dims.size(); ++i) code_of(fact, request_.dims[i]) = codes[first + i];
    if (auto taken = give_sum(fact, quantities[sum.place]); !taken) return taken;
  }
  return {};
}

/// By day, then the texts; codes become ranks.
void PartReader::put_in_order(std::vector<Sum>& sums, std::vector<Code>& dims) {
  const std::size_t width = request_.dims.size();
  TextOrder meters(sources_.words, Dimension::meter);
  for (const Sum& sum : sums) meters.see(sum.meter);
  meters.rank();
  for (Sum& sum : sums) sum.meter = meters.rank_of(sum.meter);
  for (std::size_t d = 0; d < width; ++d) {
    TextOrder texts(sources_.words, request_.dims[d]);
    for (std::size_t i = d; i < dims.size(); i += width) texts.see(dims[i]);
    texts.rank();
    for (std::size_t i = d; i < dims.size(); i += width) dims[i] = texts.rank_of(dims[i]);
  }
  std::ranges::sort(sums, [&](const Sum& a, const Sum& b) {
    const auto order = std::tie(a.day, a.org, a.meter) <=> std::tie(b.day, b.org, b.meter);
    if (order != 0) return order < 0;
    const Code* const x = dims.data() + a.place * width;
    const Code* const y = dims.data() + b.place * width;
    return std::lexicographical_compare(x, x + width, y, y + width);
  });
}

Status PartReader::give_sum(Fact fact, const Total& quantity) {
  constexpr Int128 unit = 1'000'000'000'000'000'000;
  Int128 fraction = 0;
  const Int256 wide = quantity.scaled().divide(unit, fraction);
  // A total is below 2^64 x 10^18, so its integer part has less than 128 bits.
  auto whole = static_cast<Int128>((static_cast<unsigned __int128>(wide.limbs()[1]) << 64) | wide.limbs()[0]);
  fact.fraction_1e18 = static_cast<std::int64_t>(fraction);
  do {
    fact.whole = static_cast<std::int64_t>(std::clamp<Int128>(whole, -whole_max, whole_max));
    if (auto taken = give(fact); !taken) return taken;
    whole -= fact.whole;
    fact.fraction_1e18 = 0;
  } while (whole != 0);
  return {};
}

warehouse::ScanQuery PartReader::scan_of(Period period) const {
  return {.as_of_position = sources_.position,
          .orgs = codes_.codes(),
          .meters = meter_codes(),
          .from = period.from,
          .to = period.to,
          .dims = {}};
}

Status PartReader::find_taken_back(const std::vector<Slice>& slices) {
  for (const Slice& slice : slices) {
    if (auto may = may_go_on(); !may) return may;
    const OrgCodes some(sources_.words, report_, slice.org_first, slice.org_end);
    if (some.codes().empty()) continue;
    auto query = scan_of({.from = start_of(slice.first), .to = start_of(slice.last.plus(1))});
    query.orgs = some.codes();
    std::vector<HeldFact> facts;
    auto read = sources_.warehouse.scan(query, [&](const FactRow& row) {
      facts.push_back({row.position, row.time, row.quantity, row.org, row.meter});
    });
    if (!read) return read;
    const auto found = queries::find_taken_back(sources_.records, facts);
    if (!found) return fail(found);
    taken_back_.insert(taken_back_.end(), found->begin(), found->end());
  }
  std::ranges::sort(taken_back_);
  return {};
}

Status PartReader::read_facts() {
  auto query = scan_of(request_.period);
  query.dims = request_.dims;
  std::vector<FactRow> rows;
  for (std::uint64_t after = 0; after < sources_.position; after = query.as_of_position) {
    if (auto may = may_go_on(); !may) return may;
    query.after_position = after;
    query.as_of_position = after + std::min(part_slice_facts, sources_.position - after);
    rows.clear();
    auto read = sources_.warehouse.scan(query, [&](const FactRow& row) { rows.push_back(row); });
    if (!read) return read;
    std::ranges::sort(rows, {}, &FactRow::position);
    if (auto given = give_facts(rows); !given) return given;
  }
  return {};
}

Status PartReader::give_facts(std::vector<FactRow>& rows) {
  const auto reader = sources_.records.open();
  for (const FactRow& row : rows) {
    Fact fact{.position = row.position,
              .time_us = row.time.us,
              .whole = row.quantity.whole(),
              .fraction_1e18 = row.quantity.fraction()};
    code_of(fact, Dimension::org) = row.org;
    code_of(fact, Dimension::meter) = row.meter;
    for (std::size_t i = 0; i < request_.dims.size(); ++i) code_of(fact, request_.dims[i]) = row.dims[i];
    const bool is_record = request_.grain == PartGrain::records;
    if (auto taken = is_record ? give_record(fact, *reader) : give(fact); !taken) return taken;
  }
  return {};
}

Status PartReader::give_record(const Fact& fact, RecordReader& reader) {
  if (std::ranges::binary_search(taken_back_, fact.position)) return {};
  const auto stored = reader.at(fact.position);
  if (!stored) return fail_unreadable(fact.position, stored.error());
  if (stored->kind != ledger::RecordKind::usage || stored->erased) return {};
  return give(fact, stored->payload, stored->arrival_time);
}

namespace {

/// What would be read wrongly, or never.
Status check(const PartRequest& request) {
  const auto is_whole = [](Instant t) { return start_of(day_of(t)) == t; };
  if (request.period.to < request.period.from) return fail(ErrorKind::invalid, "period: ends before it begins");
  if (request.grain != PartGrain::facts && !(is_whole(request.period.from) && is_whole(request.period.to))) {
    return fail(ErrorKind::invalid, "period: whole UTC days are given by the day");
  }
  const bool is_ascending =
      std::ranges::adjacent_find(request.orgs, std::ranges::greater_equal()) == request.orgs.end();
  if (!is_ascending) return fail(ErrorKind::invalid, "orgs: must ascend, each once");
  const bool has_other_dims =
      std::ranges::adjacent_find(request.dims, std::ranges::greater_equal()) == request.dims.end() &&
      std::ranges::none_of(request.dims, [](Dimension d) { return d == Dimension::org || d == Dimension::meter; });
  return has_other_dims ? Status()
                        : Status(fail(ErrorKind::invalid, "dims: must ascend, each once, without org, meter"));
}

}  // namespace

Status Queries::read_part(const Snapshot& snapshot, const PartRequest& request, PartSink& sink,
                          const std::function<Status()>& look) {
  if (auto checked = check(request); !checked) return checked;
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  PartReader reader({.warehouse = warehouse_,
                     .records = *records_,
                     .words = loader_.dictionaries(),
                     .position = snapshot.ledger_position,
                     .look = look},
                    request, sink);
  return reader.read([&](const ReportOrgs& orgs) {
    return plan_slices(snapshot, orgs, day_of(request.period.from), day_of(request.period.to).plus(-1), request.meter,
                       {.days_major = true}, part_slice_facts);
  });
}

Status Queries::read_part(const PartRequest& request, PartSink& sink, std::int64_t wait_ms_max,
                          const std::function<Status()>& look) {
  const auto begin = std::chrono::steady_clock::now();
  const auto left_ms = [&] {
    const auto used = std::chrono::steady_clock::now() - begin;
    return std::max<std::int64_t>(0, wait_ms_max - std::chrono::duration_cast<std::chrono::milliseconds>(used).count());
  };
  if (auto checked = check(request); !checked) return checked;
  const auto position = settled_position(request.as_of, Fence::durable, wait_ms_max, look);
  if (!position) return fail(position);
  const Snapshot snapshot{.as_of = request.as_of, .ledger_position = *position};
  if (auto loaded = wait_loaded(snapshot, left_ms()); !loaded) return loaded;
  return read_part(snapshot, request, sink, look);
}

}  // namespace meterport::queries
