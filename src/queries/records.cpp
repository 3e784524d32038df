// Usage records of a slice, read from the ledger by position.
#include <algorithm>

#include "ledger/record_fetcher.h"
#include "queries/queries.h"
#include "queries/slice_reader.h"
#include "queries/taken_back.h"

namespace meterport::queries {
namespace {

class LogRecordReader final : public RecordReader {
 public:
  explicit LogRecordReader(ledger::Log& log) : fetcher_(log) {}
  Result<ledger::StoredRecord> at(ledger::Position position) override { return fetcher_.at(position); }

 private:
  ledger::RecordFetcher fetcher_;
};

class LogRecords final : public RecordSource {
 public:
  explicit LogRecords(ledger::Log& log) : log_(log) {}
  std::unique_ptr<RecordReader> open() override { return std::make_unique<LogRecordReader>(log_); }

 private:
  ledger::Log& log_;
};

}  // namespace

std::unique_ptr<RecordSource> records_of(ledger::Log& log) {
  return std::make_unique<LogRecords>(log);
}

Status Queries::records(const Snapshot& snapshot, const ReportOrgs& orgs, const Slice& slice,
                        const std::function<Status(const RecordRow&)>& each) {
  if (auto loaded = require_loaded(loader_, snapshot); !loaded) return loaded;
  const OrgCodes codes(loader_.dictionaries(), orgs, slice.org_first, slice.org_end);
  auto query = query_of(snapshot, loader_.dictionaries(), codes, slice);
  if (!query) return {};
  std::vector<HeldFact> facts;
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
  const auto reversed = find_taken_back(*records_, facts);
  if (!reversed) return fail(reversed);
  std::ranges::sort(facts, {}, &HeldFact::position);

  const auto reader = records_->open();
  for (const HeldFact& fact : facts) {
    if (std::ranges::binary_search(*reversed, fact.position)) continue;
    const auto stored = reader->at(fact.position);
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
