// Private to exports: the parts of other regions that a job needs, gathered side by side: a region that is slow or gone
// holds up no other. A part is a file beside the artifacts; one that is there already, whole, is not asked for again.
//
// Used by the runner's thread, which must look in now and then (keep_time(), wait()): that is what ends attempts when
// the time is over or the run is interrupted. Ends what is under way on destruction.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "exports/run_watch.h"
#include "queries/part_store.h"

namespace meterport::exports {

/// In ms.
struct RegionTimes {
  std::int64_t budget = 60'000;      ///< until a region that could not be read is a gap
  std::int64_t longest = 3'600'000;  ///< of a part that is waited for longer (Effort::once)
  std::int64_t probe = 3'000;        ///< for the look whether it answers at all
  std::int64_t stall = 10'000;       ///< longest standstill of a call
  std::int64_t pause_first = 200;    ///< between two attempts; doubled each time
  std::int64_t pause_longest = 5'000;
};

class RegionParts {
 public:
  enum class Effort {
    until_budget,  ///< each region is tried again until the time is over
    once,          ///< each is tried once, if it answers a look; past the budget, too, while nothing new is there
  };
  struct Options {
    std::string stem;  ///< of the files: the region's name follows
    std::string tag;   ///< of the runner: two at work on one job don't meet
    RegionTimes times;
    Effort effort = Effort::until_budget;
  };
  RegionParts(queries::PartSource& source, FileSystem& files, RunWatch& watch, std::vector<queries::RegionShare> shares,
              Options options);
  ~RegionParts();
  RegionParts(const RegionParts&) = delete;
  RegionParts& operator=(const RegionParts&) = delete;

  void start();
  /// Whether to go on; ends attempts if not, or if their time is over.
  Status keep_time();
  /// Until each region has given its part or is given up. An error: the run was interrupted, or a part could not be
  /// kept for want of disk.
  Status wait();

  struct Part {
    queries::RegionShare share;
    std::string path;  ///< of the file
    bool is_there = false;
    std::string reason;  ///< why not: the rest of a sentence about the region
  };
  /// After wait(), in the order of the shares.
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
  /// After wait(): what `judge` has something against (the reason; empty: nothing) counts as missing.
  void reject_if(const std::function<std::string(const Part&)>& judge);

 private:
  using Steady = std::chrono::steady_clock;

  void gather(Part& part);
  Status attempt(const Part& part);
  /// False: it is all over.
  bool pause(std::int64_t ms);
  void note_new();
  void give_up();
  void tell_progress();
  void end(Part& part, const Status& last);

  queries::PartSource& source_;
  FileSystem& files_;
  RunWatch& watch_;
  const Options options_;
  std::vector<Part> parts_;  ///< each its thread's own until it is done
  Steady::time_point until_, until_longest_;
  std::atomic<bool> is_over_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> is_done_;
  bool is_any_new_ = false;       ///< a part that was not kept from before
  std::optional<Error> trouble_;  ///< of the own disk
  std::vector<std::thread> threads_;
};

}  // namespace meterport::exports
