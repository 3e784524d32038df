#include "ledger/committer.h"

#include <chrono>

#include "base/log.h"

namespace meterport::ledger {
namespace {

/// Smaller batches are copied together: one write call for many costs less than the copy.
constexpr std::size_t small_batch_bytes = 64 * 1024;
constexpr std::size_t small_bytes_max = 1 << 20;

constexpr std::string_view read_only_text = "the ledger is read-only until restart after a failed write";

std::uint64_t bytes_of(const EncodedBatch& batch) {
  return batch.bytes.size();
}

}  // namespace

LogProbe::LogProbe(metrics::Registry& registry)
    : batches(registry.counter("meterport_ledger_batches_total", "Batches made durable.")),
      records(registry.counter("meterport_ledger_records_total", "Records made durable, batch records included.")),
      bytes(registry.counter("meterport_ledger_bytes_total", "Bytes appended to the log.")),
      failed_groups(registry.counter("meterport_ledger_failed_groups_total", "Sync groups that failed.")),
      sync_seconds(registry.histogram_seconds("meterport_ledger_sync_seconds", "Time of a group's sync.")) {}

Committer::Committer(const LogOptions& options, FileSystem& files, Clock& clock, LogProbe& probe,
                     const Recovered& start, Housekeeper& housekeeper, SpaceGuard& space)
    : options_(options),
      files_(files),
      clock_(clock),
      probe_(probe),
      housekeeper_(housekeeper),
      space_(space),
      ledger_(start.ledger),
      segments_(start.segments),
      tail_(start.tail),
      tail_capacity_(start.tail_capacity),
      offset_(start.tail->durable_bytes()),
      end_(start.end),
      commit_clock_(start.end.commit_time),
      durable_(start.end.next - 1),
      thread_([this] { run(); }) {}

Committer::~Committer() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

Status Committer::check() const {
  if (is_read_only()) return fail(ErrorKind::store_unavailable, std::string(read_only_text));
  const std::scoped_lock lock(mutex_);
  if (queued_bytes_ >= options_.queue_bytes_max) return fail(ErrorKind::busy, "too many batches wait for the disk");
  return {};
}

Status Committer::enqueue(EncodedBatch batch, Log::Done done) {
  if (is_read_only()) return fail(ErrorKind::store_unavailable, std::string(read_only_text));
  const std::size_t bytes = bytes_of(batch);
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopping_) return fail(ErrorKind::store_unavailable, "the ledger is closing");
    // A batch larger than the bound may enter an empty queue, else it never could.
    if (!queue_.empty() && queued_bytes_ + bytes > options_.queue_bytes_max) {
      return fail(ErrorKind::busy, "too many batches wait for the disk");
    }
    queued_bytes_ += bytes;
    queue_.push_back({std::move(batch), std::move(done), {}});
  }
  arrived_.notify_one();
  return {};
}

void Committer::on_durable(std::function<void(Position)> listener) {
  const std::scoped_lock lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void Committer::run() {
  while (true) {
    std::vector<Pending> batches;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batches.swap(queue_);
      queued_bytes_ = 0;
    }
    commit(std::move(batches));
  }
}

void Committer::commit(std::vector<Pending> batches) {
  std::span<Pending> rest = batches;
  while (!rest.empty()) {
    if (is_read_only()) {
      fail_all(rest, {ErrorKind::store_unavailable, std::string(read_only_text), {}, {}});
      return;
    }
    if (auto s = make_room(bytes_of(rest.front().batch)); !s) {
      if (s.error().kind != ErrorKind::storage_full) enter_read_only(s.error());
      fail_all(rest.first(1), s.error());
      rest = rest.subspan(1);
      continue;
    }
    // A group ends where the segment does.
    std::size_t count = 0;
    for (std::uint64_t at = offset_; count < rest.size(); ++count) {
      at += bytes_of(rest[count].batch);
      if (at > tail_capacity_) break;
    }
    commit_group(rest.first(count));
    rest = rest.subspan(count);
  }
}

void Committer::commit_group(std::span<Pending> group) {
  const Instant commit_time = commit_clock_.begin(clock_.now());
  std::vector<BatchMark> marks;
  marks.reserve(group.size());
  Status done = write_group(group, commit_time, marks);
  if (done) {
    const auto start = std::chrono::steady_clock::now();
    done = tail_->file().sync();
    const auto took = std::chrono::steady_clock::now() - start;
    probe_.sync_seconds.observe_us(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  }
  if (!done) {
    enter_read_only(done.error());
    commit_clock_.end(false);
    fail_all(group, done.error());
    return;
  }
  const Position last = end_.next - 1;
  tail_->publish(marks, last, offset_);
  durable_.store(last, std::memory_order_release);
  commit_clock_.end(true);
  probe_.batches.add(group.size());
  probe_.records.add(last + 1 - group.front().appended.batch_position);
  space_.refresh();
  for (Pending& p : group) p.done(p.appended);
  std::vector<std::function<void(Position)>> listeners;
  {
    const std::scoped_lock lock(mutex_);
    listeners = listeners_;
  }
  for (const auto& listener : listeners) listener(last);
}

Status Committer::write_group(std::span<Pending> group, Instant commit_time, std::vector<BatchMark>& marks) {
  const Position group_first = end_.next;
  std::uint64_t small_offset = offset_;
  small_.clear();
  const auto flush = [&] {
    if (small_.empty()) return Status();
    auto s = tail_->file().write_at(small_offset, small_);
    small_.clear();
    return s;
  };
  for (auto& [batch, done, appended] : group) {
    const BatchHead head{static_cast<std::uint32_t>(batch.bytes.size() - head_bytes),
                         batch.records,
                         end_.next,
                         group_first,
                         commit_time,
                         batch.arrival_time,
                         ledger_,
                         end_.chain,
                         batch.payload_digest};
    write_head(batch.bytes.data(), head);
    end_ = {head.last() + 1, chain_after(batch.bytes), commit_time};
    marks.push_back({head.first, offset_, commit_time});
    appended = {head.first, batch.records - 1, commit_time, batch.payload_digest, end_.chain};
    if (batch.bytes.size() <= small_batch_bytes) {
      if (small_.empty()) small_offset = offset_;
      small_ += batch.bytes;
      if (small_.size() >= small_bytes_max) {
        if (auto s = flush(); !s) return s;
      }
    } else {
      if (auto s = flush(); !s) return s;
      if (auto s = tail_->file().write_at(offset_, batch.bytes); !s) return s;
    }
    offset_ += batch.bytes.size();
    probe_.bytes.add(batch.bytes.size());
  }
  return flush();
}

void Committer::fail_all(std::span<Pending> batches, const Error& error) {
  for (Pending& p : batches) p.done(std::unexpected(error));
}

void Committer::enter_read_only(const Error& error) {
  is_read_only_.store(true, std::memory_order_release);
  probe_.failed_groups.add();
  log::error("the ledger is read-only until restart", {{"cause", error.text}, {"detail", error.detail}});
}

Status Committer::make_room(std::uint64_t bytes) {
  if (offset_ + bytes <= tail_capacity_) return {};
  const std::uint64_t needed = std::max(options_.segment_bytes, file_header_bytes + bytes);
  if (offset_ > file_header_bytes) return rotate(needed);
  // An empty segment grows: a new one would have its name.
  if (auto s = tail_->file().allocate(needed); !s) return s;
  tail_capacity_ = needed;
  return {};
}

Status Committer::rotate(std::uint64_t bytes) {
  const FileHeader header{false, ledger_, end_};
  auto created = create_active(files_, options_.folder, header, bytes, housekeeper_.take_spare());
  if (!created) return fail(std::move(created));
  tail_->complete();
  housekeeper_.seal(tail_);
  tail_ = std::move(*created);
  tail_capacity_ = bytes;
  offset_ = file_header_bytes;
  segments_->add(tail_);
  housekeeper_.prepare_spare();
  return {};
}

}  // namespace meterport::ledger
