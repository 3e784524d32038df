// Usage records of a slice, read from the ledger by position.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "ledger/record_fetcher.h"
#include "queries/queries.h"
#include "queries/slice_reader.h"

namespace meterport::queries {

namespace {

struct Held {
  std::uint64_t position = 0;
  Instant time;
  Decimal quantity;
  std::uint32_t org = 0;  ///< rank
  warehouse::Code meter = 0;
  [[nodiscard]] bool is_positive() const { return quantity.scaled() > 0; }
};

/// Equal for a record and its reversal, which repeats org, meter and time and negates the quantity.
auto twin_key(const Held& held) {
  return std::tuple(held.time.us, held.org, held.meter,
                    held.is_positive() ? -held.quantity.scaled() : held.quantity.scaled());
}

/// Positions of what may be reversals, told by the numbers alone, ascending. Puts `facts` into another order.
std::vector<std::uint64_t> find_suspects(std::vector<Held>& facts) {
  std::vector<std::uint64_t> suspects;
  // Of a record and its reversal one is not above 0.
  if (std::ranges::all_of(facts, &Held::is_positive)) return suspects;
  std::ranges::sort(facts, {},
                    [](const Held& held) { return std::tuple_cat(twin_key(held), std::tuple(held.position)); });
  for (std::size_t first = 0, end = 0; first < facts.size(); first = end) {
    bool has_positive = false;
    bool has_other = false;
    for (end = first; end < facts.size() && twin_key(facts[end]) == twin_key(facts[first]); ++end) {
      (facts[end].is_positive() ? has_positive : has_other) = true;
    }
    if (!facts[first].quantity.is_zero() && !(has_positive && has_other)) continue;
    // What is taken back was there before, so the first is no reversal.
    for (std::size_t i = first + 1; i < end; ++i) suspects.push_back(facts[i].position);
  }
  std::ranges::sort(suspects);
  return suspects;
}

std::unexpected<Error> fail_unreadable(std::uint64_t position, const Error& why) {
  if (why.kind != ErrorKind::not_found && why.kind != ErrorKind::malformed) return std::unexpected(why);
  return fail(ErrorKind::internal, "a record that the warehouse holds cannot be read in the ledger",
              fmt::format("position {}: {} {}", position, why.text, why.detail));
}

/// Positions that reversals among the suspects take back, ascending.
Result<std::vector<std::uint64_t>> read_reversed(ledger::Log& log, const std::vector<std::uint64_t>& suspects) {
  std::vector<std::uint64_t> reversed;
  ledger::RecordFetcher fetcher(log);
  for (const std::uint64_t position : suspects) {
    const auto stored = fetcher.at(position);
    if (!stored) return fail_unreadable(position, stored.error());
    if (stored->kind != ledger::RecordKind::reversal || stored->erased) continue;
    const auto decoded = ledger::decode_record(stored->payload);
    if (!decoded) return fail_unreadable(position, decoded.error());
    reversed.push_back(decoded->notes.reverses);
  }
  std::ranges::sort(reversed);
  return reversed;
}

}  // namespace

Status Queries::records(const Snapshot& snapshot, const ReportOrgs& orgs, const Slice& slice,
                        const std::function<Status(const RecordRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  const OrgCodes codes(loader_.dictionaries(), orgs, slice.org_first, slice.org_end);
  auto query = query_of(snapshot, loader_.dictionaries(), codes, slice);
  if (!query) return {};
  std::vector<Held> facts;
  facts.reserve(slice.records);
  const warehouse::ScanQuery every{.as_of_position = query->as_of_position,
                                   .orgs = std::move(query->orgs),
                                   .meters = std::move(query->meters),
                                   .from = query->from,
                                   .to = query->to,
                                   .dims = {}};
  auto scanned = warehouse_.scan(every, [&](const warehouse::FactRow& fact) {
    const std::uint32_t org = codes.rank_of(fact.org);
    if (orgs[org].is_on(day_of(fact.time))) facts.push_back({fact.position, fact.time, fact.quantity, org, fact.meter});
  });
  if (!scanned) return scanned;
  const auto reversed = read_reversed(log_, find_suspects(facts));
  if (!reversed) return fail(reversed);
  std::ranges::sort(facts, {}, &Held::position);

  ledger::RecordFetcher fetcher(log_);
  for (const Held& fact : facts) {
    if (std::ranges::binary_search(*reversed, fact.position)) continue;
    const auto stored = fetcher.at(fact.position);
    if (!stored) return fail_unreadable(fact.position, stored.error());
    if (stored->kind != ledger::RecordKind::usage || stored->erased) continue;
    const auto record = ledger::decode_usage(stored->payload);
    if (!record) return fail_unreadable(fact.position, record.error());
    const RecordRow row{.position = fact.position, .arrival_time = stored->arrival_time, .record = &*record};
    if (auto taken = each(row); !taken) return taken;
  }
  return {};
}

}  // namespace meterport::queries
