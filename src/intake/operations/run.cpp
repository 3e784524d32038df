#include "intake/operations/run.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"

namespace meterport::intake {
namespace {

constexpr std::uint64_t chunk_items_max = 4'000;
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{1} << 20;
/// Parsing, encoding and syncing overlap; more only makes others wait.
constexpr std::size_t chunks_under_way_max = 4;

/// Trouble of the server that ends by itself, or with a restart.
bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::busy || kind == ErrorKind::store_unavailable || kind == ErrorKind::storage_full;
}

ItemResult lost_item() {
  return {ItemState::rejected, 0, RecordError{RecordErrorCode::internal, "", "An unexpected error occurred."}};
}

}  // namespace

Run::Run(const OperationParts& parts, StoredOperation stored, std::function<void()> wake)
    : parts_(parts), store_(parts.control), stored_(std::move(stored)), wake_(std::move(wake)) {}

RunProgress Run::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

std::string Run::path_of(std::string_view extension) const {
  return parts_.folder + "/" + stored_.file + std::string(extension);
}

void Run::tell_waiting(std::string_view what, const Error& error) {
  if (std::exchange(has_told_, true)) return;
  log::warning(what, {{"operation", stored_.operation.id}, {"text", error.text}, {"detail", error.detail}});
}

Run::Next Run::step(const OperationKind* kind) {
  if (kind == nullptr) {
    return fail_as_a_whole({ErrorKind::internal, "no reader for its kind", stored_.operation.kind, {}});
  }
  must_pause_ = false;
  Status done = results_ ? Status{} : open();
  if (done) done = collect(*kind);
  if (done) done = send_some(*kind);
  if (!done) {
    if (!is_passing(done.error().kind)) return fail_as_a_whole(done.error());
    tell_waiting("an operation waits", done.error());
    return Next::later;
  }
  if (chunks_.empty() && next_item_ == stored_.operation.items) {
    const ItemCounts& counts = results_->counts();
    const bool is_whole = counts.conflicts + counts.rejected == 0;
    return finish(is_whole ? OperationState::success : OperationState::partial_success, {});
  }
  if (must_pause_) return Next::later;
  const bool can_send = next_item_ < stored_.operation.items && chunks_.size() < chunks_under_way_max;
  return can_send ? Next::again : Next::wait_for_answers;
}

Status Run::open() {
  const Operation& operation = stored_.operation;
  auto body = BodyFile::open(parts_.files, path_of(".body"), operation.body_bytes, operation.items);
  if (!body) return fail(std::move(body));
  if (auto whole = body->verify(stored_.body_sha256); !whole) return whole;
  auto catalogue = parts_.catalog.at(operation.catalogue_position, day_of(operation.created));
  if (!catalogue) return fail(std::move(catalogue));
  if (auto replaced = replace_results(path_of(".results")); !replaced) return replaced;
  auto results = ResultFile::open(parts_.files, path_of(".results"));
  if (!results) return fail(std::move(results));
  taken_ = {std::move(*catalogue), operation.created};
  body_ = std::move(*body);
  next_item_ = results->counts().all();
  results_ = std::move(*results);
  note_progress();
  return {};
}

/// After a failed sync what is on disk is unknown, and another sync of that file may say yes to pages that were lost:
/// the bytes go into a new one.
Status Run::replace_results(const std::string& path) {
  if (!must_replace_results_) return {};
  const auto bytes = read_file(parts_.files, path);
  if (!bytes) return fail(bytes);
  if (auto replaced = replace_file(parts_.files, path, *bytes); !replaced) return replaced;
  must_replace_results_ = false;
  return {};
}

Status Run::collect(const OperationKind& kind) {
  for (;;) {
    if (chunks_.empty()) break;
    const ChunkPtr chunk = chunks_.front();
    {
      const std::lock_guard lock(mutex_);
      if (chunk->state != Chunk::State::answered) break;
    }
    if (!*chunk->answer) {
      take_back(chunk);
      break;
    }
    if (auto settled = settle(*chunk, kind); !settled) return settled;
    chunks_.pop_front();
    has_told_ = false;
  }
  note_progress();
  return {};
}

Status Run::settle(Chunk& chunk, const OperationKind& kind) {
  std::vector<ItemResult> results = std::move((*chunk.answer)->items);
  results.resize(chunk.count, lost_item());
  if (kind.has_own_keys) {
    for (ItemResult& result : results) {
      if (result.state == ItemState::duplicate) result.state = ItemState::stored;
    }
  }
  Status appended = results_->append(results);
  if (!appended) (*chunk.answer)->items = std::move(results);
  return appended;
}

void Run::take_back(const ChunkPtr& chunk) {
  const Error& error = chunk->answer->error();
  if (!is_passing(error.kind) && chunk->count == 1) {
    log::error("an item of an operation is lost",
               {{"operation", stored_.operation.id}, {"index", chunk->first}, {"detail", error.detail}});
    BatchResult lost;
    lost.items.push_back(lost_item());
    chunk->answer = std::move(lost);
    return wake_();
  }
  const std::lock_guard lock(mutex_);
  if (is_passing(error.kind)) {
    chunk->state = Chunk::State::to_send;
    must_pause_ = true;
    tell_waiting("an operation waits for intake", error);
    return;
  }
  // Something in it cannot be settled: each by itself, so that only that is lost.
  log::error("a chunk of an operation is settled item by item",
             {{"operation", stored_.operation.id}, {"first", chunk->first}, {"detail", error.detail}});
  chunks_.pop_front();
  for (std::uint64_t n = chunk->count; n > 0; --n) {
    auto single = std::make_shared<Chunk>();
    single->first = chunk->first + n - 1;
    single->count = 1;
    chunks_.push_front(std::move(single));
  }
}

Status Run::send_some(const OperationKind& kind) {
  std::size_t sent = 0;
  for (const ChunkPtr& chunk : std::deque<ChunkPtr>(chunks_)) {
    if (must_pause_ || sent == chunks_under_way_max) break;
    const bool is_to_send = [&] {
      const std::lock_guard lock(mutex_);
      return chunk->state == Chunk::State::to_send;
    }();
    ++sent;
    if (!is_to_send) continue;
    if (auto done = send(chunk, kind); !done) return done;
  }
  if (must_pause_ || next_item_ == stored_.operation.items || chunks_.size() >= chunks_under_way_max) return {};
  auto chunk = std::make_shared<Chunk>();
  chunk->first = next_item_;
  if (auto done = send(chunk, kind); !done) return done;
  return {};
}

Status Run::send(const ChunkPtr& chunk, const OperationKind& kind) {
  const bool is_new = chunk->count == 0;
  auto items = body_->read_items(chunk->first, is_new ? chunk_items_max : chunk->count,
                                 is_new ? chunk_bytes_max : stored_.operation.body_bytes);
  if (!items) return fail(std::move(items));
  const std::uint64_t count = items->items.size();
  Result<RecordBatch> batch = fail(ErrorKind::internal, "the items could not be read", "the reader threw");
  try {
    batch = kind.read({stored_.operation, *taken_.catalogue}, std::move(*items));
  } catch (const std::exception& error) {
    batch = fail(ErrorKind::internal, "the items could not be read", error.what());
  }
  chunk->count = count;
  if (is_new) {
    next_item_ += count;
    chunks_.push_back(chunk);
  }
  {
    const std::lock_guard lock(mutex_);
    chunk->state = Chunk::State::sent;
    chunk->answer.reset();
  }
  if (!batch) {
    answered(chunk, fail(std::move(batch)));
    return {};
  }
  parts_.intake.submit(
      stored_.operation.sender, std::move(*batch), stored_.operation.channel,
      [self = shared_from_this(), chunk](Result<BatchResult> answer) { self->answered(chunk, std::move(answer)); },
      {taken_.catalogue, taken_.time, kind.has_own_subscriptions ? stored_.operation.org : std::string()});
  return {};
}

void Run::answered(const ChunkPtr& chunk, Result<BatchResult> answer) {
  {
    const std::lock_guard lock(mutex_);
    chunk->answer = std::move(answer);
    chunk->state = Chunk::State::answered;
  }
  wake_();
}

Run::Next Run::fail_as_a_whole(const Error& error) {
  if (!std::exchange(has_told_, true)) {
    log::error("an operation failed",
               {{"operation", stored_.operation.id}, {"text", error.text}, {"detail", error.detail}});
  }
  // Chunks under way are not waited for: what they store stays, as it does when an operation is cut off.
  chunks_.clear();
  // What was settled before stays told.
  if (!results_ && parts_.files.exists(path_of(".results"))) {
    if (auto replaced = replace_results(path_of(".results")); !replaced) {
      tell_waiting("the results of an operation are not synced", replaced.error());
      return Next::later;
    }
    if (auto results = ResultFile::open(parts_.files, path_of(".results"))) results_ = std::move(*results);
  }
  return finish(OperationState::failed, "The request as it was stored can't be read; nothing more of it is settled.");
}

Run::Next Run::finish(OperationState state, std::string error) {
  Operation end = stored_.operation;
  end.state = state;
  end.error = std::move(error);
  end.finished = parts_.clock.now();
  if (results_) {
    end.counts = results_->counts();
    if (auto synced = results_->sync(); !synced) {
      tell_waiting("the results of an operation are not synced", synced.error());
      results_.reset();
      chunks_.clear();
      must_replace_results_ = true;
      return Next::later;
    }
  }
  if (auto stored = store_.finish(end); !stored) {
    tell_waiting("the end of an operation is not stored", stored.error());
    return Next::later;
  }
  return state == OperationState::failed ? Next::failed : Next::finished;
}

void Run::note_progress() {
  const std::lock_guard lock(mutex_);
  progress_.has_begun = true;
  progress_.counts = results_->counts();
  progress_.result_bytes = results_->bytes();
}

}  // namespace meterport::intake
