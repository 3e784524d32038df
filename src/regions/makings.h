// Parts that other regions asked for: made by a few threads, kept as files for some minutes, made once however often
// the same region repeats the same request.
//
// Everything is bounded: threads, what waits for one, files and their bytes, callers that wait inside get(). A making
// that nobody asks for any more is given up; the folder is emptied at the start. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "base/random.h"
#include "regions/messages.h"

namespace meterport::regions {

struct MadePart {
  std::string path;
  std::uint64_t bytes = 0;
  Digest sha256{};
};

/// What a maker tells while it works; also whether it is still wanted.
class MakingProgress {
 public:
  explicit MakingProgress(std::function<Status()> look) : look_(std::move(look)) {}
  void add_row() { rows_.fetch_add(1, std::memory_order_relaxed); }
  /// `text` lives for ever.
  void waits_for(const char* text) { waits_for_ = text; }
  /// Error: nobody waits for it any more.
  [[nodiscard]] Status look() const { return look_(); }
  [[nodiscard]] Waiting waiting(Instant now) const {
    const std::uint64_t rows = rows_;
    return {.rows = rows, .waits_for = rows > 0 ? "" : waits_for_.load(), .now = now};
  }
  void begin_anew() { rows_ = 0; }

 private:
  std::function<Status()> look_;
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<const char*> waits_for_{"a turn"};
};

struct MakingLimits {
  std::size_t threads = 2, queue_max = 16, waiting_callers_max = 4;
  std::size_t files_max = 256;
  std::size_t of_a_caller_max = 128, under_way_of_a_caller_max = 9;  ///< half of all that is there: others come through
  std::uint64_t bytes_max = std::uint64_t{8} << 30;
  std::int64_t keep_ms = 5 * 60'000;    ///< after it was last asked for
  std::int64_t being_sent_ms = 30'000;  ///< not removed for want of room
  std::int64_t abandoned_after_ms = 15'000;
};

class Makings {
 public:
  /// Writes the part of the request to the new file `path`.
  using Maker =
      std::function<Result<MadePart>(const queries::PartRequest& request, const std::string& path, MakingProgress&)>;

  static Result<std::unique_ptr<Makings>> open(FileSystem& files, std::string folder, Clock& clock, Random& random,
                                               Maker maker, MakingLimits limits = {});
  ~Makings();

  /// The part, or how far it is after `wait_ms_max`. `body`: of the request as it came, which with the caller's name is
  /// what tells makings apart. busy: there is no room for another one. An error of the maker is told once.
  Result<std::variant<MadePart, Waiting>> get(const std::string& caller, const Digest& body,
                                              const queries::PartRequest& request, std::int64_t wait_ms_max);
  /// What is under way ends soon; get() answers busy from now on.
  void stop();

 private:
  struct Making;
  using Key = std::pair<std::string, Digest>;
  using MakingPtr = std::shared_ptr<Making>;

  Makings(FileSystem& files, std::string folder, Clock& clock, Random& random, Maker maker, MakingLimits limits);
  Result<MakingPtr> begin(const Key& key, const queries::PartRequest& request);
  void make(Making& making);
  void remove_old(const std::string& caller);
  bool remove_oldest(const std::string& caller);
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t files_of(const std::string& caller) const;
  [[nodiscard]] bool has_enough(const std::string& caller) const;
  void remove(std::map<Key, MakingPtr>::iterator at);

  FileSystem& files_;
  const std::string folder_;
  Clock& clock_;
  Random& random_;
  const Maker maker_;
  const MakingLimits limits_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<Key, MakingPtr> makings_;
  std::size_t waiting_callers_ = 0;
  std::atomic<bool> is_stopping_{false};
  Executor threads_;  ///< last: its tasks use what is above
};

}  // namespace meterport::regions
