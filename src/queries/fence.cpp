// The end of what an instant takes in: once the clock has passed it, nothing more may be committed at or before it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/ids.h"
#include "queries/deadline.h"
#include "queries/queries.h"

namespace meterport::queries {
namespace {

/// The log gives every later record a commit time that is not before an earlier one's: one record after the instant is
/// a fence that outlives the process and a clock that is set back.
Status append_fence(ledger::Log& log, Instant as_of, Instant now) {
  ledger::NewBatch batch;
  batch.info = {.id = make_id22(system_random()), .principal = "server", .channel = "regions", .arrival_time = now};
  batch.payloads = fmt::format(R"({{"kind":"instant","instant":"{}"}})", format_rfc3339(as_of));
  batch.records.push_back({ledger::RecordKind::catalogue_change, batch.payloads});
  const auto appended = log.append_and_wait(std::move(batch));
  return appended ? Status() : Status(fail(appended));
}

/// Rounded up.
std::string seconds_behind(Instant as_of, Instant now) {
  return fmt::format("the clock is {} s behind",
                     (as_of.us - now.us + Instant::us_per_second - 1) / Instant::us_per_second);
}

}  // namespace

bool Queries::has_passed(Instant as_of) const {
  return clock_.now() >= as_of || (log_ != nullptr && log_->last_commit_time() >= as_of);
}

Result<std::uint64_t> Queries::settled_position(Instant as_of, Fence fence, std::int64_t wait_ms_max,
                                                const std::function<Status()>& look) {
  constexpr std::chrono::milliseconds step{20};
  if (auto required = require_ledger(); !required) return fail(std::move(required));
  const Deadline deadline(wait_ms_max);
  while (!has_passed(as_of)) {
    const Instant now = clock_.now();
    if (auto may = look ? look() : Status(); !may) return fail(std::move(may));
    const std::chrono::milliseconds left(deadline.left_ms());
    if (left.count() == 0) return fail(ErrorKind::busy, seconds_behind(as_of, now));
    // No longer than a step: the clock may be set while this waits.
    const std::chrono::microseconds missing(std::clamp<std::int64_t>(as_of.us - now.us, 0, Instant::us_per_second));
    std::this_thread::sleep_for(std::min<std::chrono::microseconds>({missing, left, step}));
  }
  const auto position = log_->position_at(as_of);
  if (!position || fence == Fence::while_running) return position;
  if (log_->last_commit_time() <= as_of) {
    if (auto appended = append_fence(*log_, as_of, clock_.now()); !appended) return fail(std::move(appended));
  }
  // A clock that was set back just now may have kept the instant from being pinned.
  if (log_->last_commit_time() <= as_of) return fail(ErrorKind::busy, "the clock was set back");
  return log_->position_at(as_of);
}

}  // namespace meterport::queries
