#include "regions/watch.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "regions/answers.h"

namespace meterport::regions {
namespace {

constexpr std::int64_t ms_per_s = 1'000;
constexpr std::uint64_t feed_bytes_max = 128 * 1024 * 1024;
constexpr std::size_t followed_max = 256;
constexpr std::int64_t save_interval_s = 60;  // of when a replica was looked at, nothing else being new

/// Halfway between question and answer is when the other clock was read.
std::int64_t offset_us(Instant before, Instant theirs, Instant after) {
  return theirs.us - (before.us + (after.us - before.us) / 2);
}

}  // namespace

Result<std::unique_ptr<Watch>> Watch::open(const WatchParts& parts) {
  auto replicas = load_replicas(parts.control);
  if (!replicas) return fail(std::move(replicas));
  std::unique_ptr<Watch> watch(new Watch(parts));
  for (auto& [region, replica] : *replicas) {
    Peer& peer = watch->peer(region);
    peer.seen.problem = replica.problem;
    peer.saved = replica.checked;
    peer.seen.replica = std::move(replica);
  }
  return watch;
}

Watch::~Watch() {
  stop();
}

void Watch::start() {
  const std::lock_guard lock(mutex_);
  if (!supervisor_.joinable() && !is_over_) supervisor_ = std::thread([this] { supervise(); });
}

void Watch::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (supervisor_.joinable()) supervisor_.join();  // nobody starts a thread any more
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [region, peer] : peers_) {
      if (peer->thread.joinable()) threads.push_back(std::move(peer->thread));
    }
  }
  for (std::thread& thread : threads) thread.join();
}

std::int64_t Watch::timeout_ms() const {
  return std::max(parts_.settings.number("regions.read_budget"), std::int64_t{1}) * ms_per_s;
}

Watch::Peer& Watch::peer(const std::string& region) {
  const std::lock_guard lock(mutex_);
  auto& peer = peers_[region];
  if (!peer) peer = std::make_unique<Peer>();
  return *peer;
}

Seen Watch::seen(const std::string& region) {
  Peer& known = peer(region);
  const std::lock_guard lock(mutex_);
  return known.seen;
}

bool Watch::wait_s(std::int64_t seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(seconds), [this] { return is_over_.load(); });
  return !is_over_;
}

/// Regions may be added while the server runs.
void Watch::supervise() {
  do {
    std::size_t followed = 0;
    for (const auto& [name, entry] : *parts_.book.entries()) {
      if (name == parts_.catalog.own_region() || entry.region.url.empty() || entry.region.key.empty()) continue;
      if (++followed > followed_max) break;
      Peer& known = peer(name);
      if (!known.thread.joinable()) known.thread = std::thread([this, name] { follow(name); });
    }
  } while (wait_s(1));
}

void Watch::follow(const std::string& region) {
  do {
    const auto entries = parts_.book.entries();  // URL and key may have changed
    const auto entry = entries->find(region);
    if (entry == entries->end()) continue;
    auto looked = look(entry->second.region, {.timeout_ms = timeout_ms(), .is_over = &is_over_}, true);
    if (!looked && is_over_) return;
  } while (wait_s(parts_.settings.number("regions.poll_interval")));
}

Status Watch::look(const Region& region, const queries::PartCall& limits, bool with_replica) {
  Peer& known = peer(region.name);
  const Instant before = parts_.clock.now();
  const PeerCall call{.path = std::string(ping_path), .query = {}, .body = {}};
  auto answer = parts_.outgoing.call(region, call, limits);
  const Instant after = parts_.clock.now();
  Result<Ping> ping = answer ? read_ping(answer->body) : Result<Ping>(fail(answer));
  if (answer && !ping) ping = fail(ErrorKind::region_unavailable, "its answer can't be read", ping.error().text);
  if (ping && ping->name != region.name) {
    ping = fail(ErrorKind::forbidden, "is another region than the catalogue says");
  }
  if (!ping) {
    if (limits.is_over == nullptr || !*limits.is_over) did_not_answer(region.name, known, ping.error().text);
    return fail(std::move(ping));
  }
  answered(region.name, known, offset_us(before, ping->now, after));
  if (with_replica) update_replica(region, known, *ping, limits);
  return {};
}

void Watch::answered(const std::string& region, Peer& peer, std::int64_t offset) {
  bool is_back = false;
  {
    const std::lock_guard lock(mutex_);
    is_back = !peer.seen.is_reachable;
    peer.seen.is_reachable = true;
    peer.seen.looked = peer.seen.answered = parts_.clock.now();
    peer.seen.clock_offset_us = offset;
    peer.seen.problem = peer.seen.replica.problem;
    peer.was_told = true;
  }
  parts_.probe.looked(region, true, offset);
  if (!is_back) return;
  log::info("a region answers", {{"region", region}});
  if (on_back_) on_back_(region);
}

void Watch::did_not_answer(const std::string& region, Peer& peer, const std::string& why) {
  bool is_new = false;
  std::int64_t offset = 0;
  {
    const std::lock_guard lock(mutex_);
    is_new = peer.seen.is_reachable || !peer.was_told;
    peer.seen.is_reachable = false;
    peer.seen.looked = parts_.clock.now();
    peer.seen.problem = why;
    peer.was_told = true;
    offset = peer.seen.clock_offset_us;
  }
  parts_.probe.looked(region, false, offset);
  // On the command line nobody follows regions: what came of a look is printed.
  if (is_new && supervisor_.joinable()) log::warning("a region does not answer", {{"region", region}, {"why", why}});
}

void Watch::found_gone(const std::string& region, const std::string& why) {
  did_not_answer(region, peer(region), why);
}

void Watch::update_replica(const Region& region, Peer& peer, const Ping& ping, const queries::PartCall& limits) {
  const std::lock_guard one(peer.looking);
  Replica replica = seen(region.name).replica;
  const bool is_known = peer.home_position == ping.catalogue_position && replica.problem.empty();
  if (!is_known) {
    // A home that is behind what it gave before was put back from a backup: its whole picture counts. So it does at the
    // first look, for this server's own ledger may be an older one than the note of what it took.
    const bool is_first = peer.home_position == 0;
    const std::uint64_t after = is_first || ping.catalogue_position < replica.position ? 0 : replica.position;
    auto position = take_feed(region, after, limits);
    if (!position) {
      if (limits.is_over != nullptr && *limits.is_over) return;
      replica.problem = std::string(catalogue_problem) + position.error().text;
      return keep_replica(region, peer, replica);
    }
    if (*position != 0) replica.position = *position;
    replica.problem.clear();
    peer.home_position = ping.catalogue_position;
  }
  replica.checked = parts_.clock.now();
  keep_replica(region, peer, replica);
  parts_.probe.replica_checked(region.name, replica.checked);
}

/// The position that the catalogue here then is of; 0: nothing is new.
Result<std::uint64_t> Watch::take_feed(const Region& region, std::uint64_t after, const queries::PartCall& limits) {
  const PeerCall call{.path = std::string(catalogue_path),
                      .query = "after=" + std::to_string(after),
                      .body = {},
                      .answer_bytes_max = feed_bytes_max};
  // As long as a part may stand still: the picture of a large tenant takes its time.
  const queries::PartCall patient{.timeout_ms = parts_.settings.number("regions.stall_timeout") * ms_per_s,
                                  .is_over = limits.is_over};
  auto answer = parts_.outgoing.call(region, call, patient);
  if (!answer) return fail(std::move(answer));
  auto feed = read_feed(answer->body);
  if (!feed) return fail(ErrorKind::region_unavailable, "its answer can't be read", feed.error().text);
  if (feed->file_json.empty()) return 0;
  auto applied = parts_.catalog.apply_feed(region.name, feed->file_json);
  if (!applied) return fail(std::move(applied));
  const auto changed = applied->orgs + applied->meters + applied->subscriptions + applied->regions;
  if (changed > 0) {
    log::info("the catalogue follows its home", {{"region", region.name}, {"objects", std::uint64_t{changed}}});
  }
  return feed->position;
}

void Watch::keep_replica(const Region& region, Peer& peer, const Replica& replica) {
  bool is_news = false, has_new_problem = false;
  {
    const std::lock_guard lock(mutex_);
    has_new_problem = peer.seen.replica.problem != replica.problem && !replica.problem.empty();
    is_news = peer.seen.replica.position != replica.position || peer.seen.replica.problem != replica.problem;
    peer.seen.replica = replica;
    peer.seen.problem = replica.problem;
  }
  if (has_new_problem) {
    log::warning("a replica can't be brought up to date", {{"region", region.name}, {"why", replica.problem}});
  }
  const std::int64_t since_us = replica.checked.us - peer.saved.us;
  if (!is_news && since_us >= 0 && since_us < save_interval_s * Instant::us_per_second) return;
  if (auto saved = save_replica(parts_.control, region.name, replica); !saved) {
    log::warning("the state of a replica is not stored", {{"region", region.name}, {"detail", saved.error().detail}});
    return;
  }
  peer.saved = replica.checked;
}

}  // namespace meterport::regions
