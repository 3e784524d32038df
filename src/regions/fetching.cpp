#include "regions/fetching.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <optional>
#include <thread>

#include "queries/part_file.h"
#include "regions/answers.h"
#include "regions/messages.h"

namespace meterport::regions {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds first_pause{20}, longest_pause{500};
constexpr std::int64_t clock_slack_us = 2 * Instant::us_per_second;  ///< as near as the answer's way lets tell

bool is_over(const queries::PartCall& limits) {
  return limits.is_over != nullptr && *limits.is_over;
}

std::unexpected<Error> no_longer_wanted() {
  return fail(ErrorKind::region_unavailable, "did not answer in time");
}

/// Why it is not there.
std::unexpected<Error> stands_still(const Waiting& waiting, Instant now) {
  const std::int64_t behind_us = now.us - waiting.now.us;
  if (waiting.waits_for == "the clock" && behind_us > clock_slack_us) {
    const std::int64_t behind_s = (behind_us + Instant::us_per_second / 2) / Instant::us_per_second;
    return fail(ErrorKind::region_unavailable, fmt::format("its clock is {} s behind", behind_s));
  }
  if (waiting.waits_for.empty()) return fail(ErrorKind::region_unavailable, "did not finish its part in time");
  return fail(ErrorKind::region_unavailable, "did not begin its part in time");
}

class Fetching {
 public:
  Fetching(const Outgoing& outgoing, FileSystem& files, Clock& clock, const queries::PartCall& limits)
      : outgoing_(outgoing), files_(files), clock_(clock), limits_(limits) {}

  /// To `path`, not yet looked into.
  Status run(const Region& peer, const queries::PartRequest& request, const std::string& path) {
    const PeerCall call{.method = "POST",
                        .path = std::string(parts_path),
                        .query = {},
                        .body = part_request_json(request),
                        .answer_bytes_max = std::numeric_limits<std::int64_t>::max(),
                        .to_file = path};
    for (;;) {
      if (is_over(limits_)) return last_ ? stands_still(*last_, clock_.now()) : no_longer_wanted();
      auto answer = outgoing_.call(peer, call, limits_);
      if (is_over(limits_) && last_) return stands_still(*last_, clock_.now());  // it tells more than that time is over
      if (!answer) return fail(std::move(answer));
      if (answer->status == 200) return {};
      auto text = read_file(files_, path);
      if (!text) return fail(std::move(text));
      const auto waiting = read_waiting(*text);
      if (!waiting || answer->status != 202) {
        return fail(ErrorKind::region_unavailable, "its answer can't be read");
      }
      if (auto goes_on = note(*waiting); !goes_on) return goes_on;
    }
  }

 private:
  /// Error: it stands still.
  Status note(const Waiting& waiting) {
    const auto now = SteadyClock::now();
    if (!last_ || waiting.rows != last_->rows || waiting.waits_for != last_->waits_for) moved_ = now;
    last_ = waiting;
    if (now - moved_ > std::chrono::milliseconds(limits_.timeout_ms)) return stands_still(waiting, clock_.now());
    // An answer that came at once: the region has no thread to let us wait on.
    std::this_thread::sleep_for(pause_);
    pause_ = std::min(2 * pause_, longest_pause);
    return {};
  }

  const Outgoing& outgoing_;
  FileSystem& files_;
  Clock& clock_;
  const queries::PartCall& limits_;
  std::optional<Waiting> last_;
  SteadyClock::time_point moved_ = SteadyClock::now();
  std::chrono::milliseconds pause_ = first_pause;
};

}  // namespace

Result<std::uint64_t> fetch_part(const Outgoing& outgoing, FileSystem& files, Clock& clock, const Region& peer,
                                 const queries::PartRequest& request, const std::string& path,
                                 const queries::PartCall& limits) {
  const std::string beside = path + ".coming";
  auto part = [&]() -> Result<std::uint64_t> {
    if (auto come = Fetching(outgoing, files, clock, limits).run(peer, request, beside); !come) return fail(come);
    if (is_over(limits)) return no_longer_wanted();
    // Its digest is right, so the region itself made it so.
    if (auto fits = queries::check_part_of(files, beside, request); !fits) {
      return fail(ErrorKind::region_unavailable, "its part can't be read",
                  fits.error().text + ": " + fits.error().detail);
    }
    auto file = files.open(beside, OpenMode::read);
    if (!file) return fail(std::move(file));
    auto bytes = (*file)->size();
    if (!bytes) return bytes;
    if (auto renamed = files.rename(beside, path); !renamed) return fail(std::move(renamed));
    return bytes;
  }();
  // What came is of no use; a file that can't be removed is overwritten by the next attempt.
  if (!part && files.exists(beside)) (void)files.remove(beside);
  return part;
}

}  // namespace meterport::regions
