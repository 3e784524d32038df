#include "ledger/log.h"

#include <fmt/format.h>

#include <functional>
#include <future>

#include "base/log.h"
#include "ledger/committer.h"
#include "ledger/log_reader.h"

namespace meterport::ledger {
namespace {

class SegmentLog final : public Log {
 public:
  SegmentLog(const LogOptions& options, FileSystem& files, Clock& clock, metrics::Registry& registry,
             const Recovered& recovered)
      : clock_(clock),
        probe_(registry),
        segments_(recovered.segments),
        space_(options, files),
        housekeeper_(files, options.folder, segments_, options.segment_bytes),
        committer_(options, files, clock, probe_, recovered, housekeeper_, space_) {
    for (const auto& segment : recovered.to_seal) housekeeper_.seal(segment);
    housekeeper_.prepare_spare();
  }

  Status can_append() override {
    if (auto s = committer_.check(); !s) return s;
    return space_.check();
  }

  Status append(NewBatch batch, Done done) override {
    if (auto s = can_append(); !s) return s;
    auto encoded = encode_batch(batch.info, batch.records);
    if (!encoded) return fail(std::move(encoded));
    return committer_.enqueue(std::move(*encoded), std::move(done));
  }

  Result<Appended> append_and_wait(NewBatch batch) override {
    // The promise is the callback's, so that it outlives its own set_value.
    std::promise<Result<Appended>> promise;
    auto answer = promise.get_future();
    auto queued = append(std::move(batch), [promise = std::move(promise)](Result<Appended> r) mutable {
      promise.set_value(std::move(r));
    });
    if (!queued) return fail(std::move(queued));
    return answer.get();
  }

  Position durable_position() const override { return committer_.durable_position(); }
  Instant last_commit_time() const override { return committer_.last_commit_time(); }

  Result<Position> position_at(Instant t) override {
    t = committer_.commit_clock().pin(t, clock_.now());
    const auto segments = segments_->all();
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
      const auto first = (*segment)->first_commit();
      if (first && *first <= t) return (*segment)->position_at(t);
    }
    return Position{0};
  }

  void on_durable(std::function<void(Position)> listener) override { committer_.on_durable(std::move(listener)); }
  std::unique_ptr<LogReader> read_from(Position from) override {
    return std::make_unique<SegmentLogReader>(segments_, from);
  }
  bool is_read_only() const override { return committer_.is_read_only(); }
  Result<ChainReport> verify_chain() override { return verify_segments(*segments_); }
  void wait_for_housekeeping() override { housekeeper_.wait_idle(); }

 private:
  Clock& clock_;
  LogProbe probe_;
  std::shared_ptr<SegmentList> segments_;
  SpaceGuard space_;
  Housekeeper housekeeper_;
  Committer committer_;  // last: its thread uses all of the above
};

}  // namespace

NewBatch::NewBatch(NewBatch&& other) noexcept {
  *this = std::move(other);
}

NewBatch& NewBatch::operator=(NewBatch&& other) noexcept {
  const char* const from = other.payloads.data();
  const std::size_t size = other.payloads.size();
  info = std::move(other.info);
  records = std::move(other.records);
  payloads = std::move(other.payloads);
  if (payloads.data() == from) return *this;
  for (NewRecord& r : records) {
    const std::less_equal<> not_after;
    const bool is_inside =
        not_after(from, r.payload.data()) && not_after(r.payload.data() + r.payload.size(), from + size);
    if (is_inside) r.payload = {payloads.data() + (r.payload.data() - from), r.payload.size()};
  }
  return *this;
}

Result<ChainReport> Log::verify_chain() {
  return fail(ErrorKind::not_supported, "this log has no chain");
}

Result<std::unique_ptr<Log>> Log::open(LogOptions options, FileSystem& files, Clock& clock,
                                       metrics::Registry& registry) {
  Random& random = options.random == nullptr ? system_random() : *options.random;
  auto recovered = recover(files, options.folder, options.segment_bytes, random);
  if (!recovered) return fail(std::move(recovered));
  if (recovered->cut_bytes > 0) {
    log::warning("ledger: the end of an interrupted write was cut off; none of it had been acknowledged",
                 {{"bytes", recovered->cut_bytes}, {"last_position", recovered->end.next - 1}});
  }
  return std::make_unique<SegmentLog>(options, files, clock, registry, *recovered);
}

Result<StoredRecord> read_at(Log& log, Position position, std::string& storage) {
  StoredRecord record;
  const auto reader = log.read_from(position);
  const auto found = reader->next(record);
  if (!found) return fail(found);
  if (position == 0 || !*found || record.position != position) {
    return fail(ErrorKind::not_found, fmt::format("there is no ledger record {}", position));
  }
  storage.assign(record.erased ? record.stub : record.payload);
  (record.erased ? record.stub : record.payload) = storage;
  return record;
}

}  // namespace meterport::ledger
