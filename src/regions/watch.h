// Looks at other regions: whether they answer, how their clocks stand, and what is new in the catalogues that are at
// home there, which is applied to this server's. Once started, each region has a thread of its own, so that one that
// stalls holds up no other; without it, look() is called by hand.
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/settings.h"
#include "catalog/catalog.h"
#include "control/store.h"
#include "regions/messages.h"
#include "regions/outgoing.h"
#include "regions/probe.h"
#include "regions/region_book.h"
#include "regions/replicas.h"

namespace meterport::regions {

/// How the problem of a replica begins.
inline constexpr std::string_view catalogue_problem = "its catalogue: ";

struct WatchParts {
  control::Store& control;
  catalog::Catalog& catalog;
  Clock& clock;
  const Settings& settings;
  const Outgoing& outgoing;
  RegionBook& book;
  Probe& probe;
};

/// What is known of a region.
struct Seen {
  bool is_reachable = false;
  std::string problem;  ///< why it is not reachable, else what is wrong with the replica
  std::optional<Instant> looked, answered;
  std::int64_t clock_offset_us = 0;
  Replica replica;
};

class Watch {
 public:
  static Result<std::unique_ptr<Watch>> open(const WatchParts& parts);
  ~Watch();

  void start();
  void stop();
  /// Before start(). Called by whichever thread finds that a region answers which did not; must not wait for long.
  void on_back(std::function<void(const std::string& region)> listener) { on_back_ = std::move(listener); }
  /// Asks the region now; the replica, too, if wanted. An error is that it did not answer.
  Status look(const Region& region, const queries::PartCall& limits, bool with_replica);
  [[nodiscard]] Seen seen(const std::string& region);
  /// A call to it found nobody there: the next look that finds it tells on_back.
  void found_gone(const std::string& region, const std::string& why);
  /// Of a look that nobody waits for.
  [[nodiscard]] std::int64_t timeout_ms() const;

 private:
  struct Peer {
    std::mutex looking;  ///< at its catalogue, one at a time; who only asks whether it answers waits for nobody
    Seen seen;           ///< guarded by Watch::mutex_
    bool was_told = false;
    std::uint64_t home_position =
        0;            ///< of the region's catalogue, when the replica was last made new; under `looking`
    Instant saved{};  ///< likewise
    std::thread thread;
  };
  explicit Watch(const WatchParts& parts) : parts_(parts) {}

  Peer& peer(const std::string& region);
  void supervise();
  void follow(const std::string& region);
  /// False: it is to end.
  bool wait_s(std::int64_t seconds);
  void update_replica(const Region& region, Peer& peer, const Ping& ping, const queries::PartCall& limits);
  Result<std::uint64_t> take_feed(const Region& region, std::uint64_t after, const queries::PartCall& limits);
  void keep_replica(const Region& region, Peer& peer, const Replica& replica);
  void answered(const std::string& region, Peer& peer, std::int64_t offset_us);
  void did_not_answer(const std::string& region, Peer& peer, const std::string& why);

  WatchParts parts_;
  std::function<void(const std::string&)> on_back_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> is_over_{false};
  std::map<std::string, std::unique_ptr<Peer>> peers_;
  std::thread supervisor_;
};

}  // namespace meterport::regions
