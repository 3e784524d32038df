#include "regions/makings.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/ids.h"
#include "base/log.h"

namespace meterport::regions {
namespace {

constexpr const char* suffix = ".part";

/// Of a clock that nobody sets.
std::int64_t steady_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

std::unexpected<Error> no_room() {
  return fail(ErrorKind::busy, "too many parts are being made; try again");
}

}  // namespace

struct Makings::Making {
  Making(queries::PartRequest asked, std::string to, std::function<Status(const Making&)> look)
      : request(std::move(asked)),
        path(std::move(to)),
        progress([this, look = std::move(look)] { return look(*this); }) {}

  const queries::PartRequest request;
  const std::string path;
  std::atomic<std::int64_t> asked_ms{steady_ms()};
  MakingProgress progress;
  std::optional<Result<MadePart>> end;  ///< guarded by Makings::mutex_
};

Makings::Makings(FileSystem& files, std::string folder, Clock& clock, Random& random, Maker maker, MakingLimits limits)
    : files_(files),
      folder_(std::move(folder)),
      clock_(clock),
      random_(random),
      maker_(std::move(maker)),
      limits_(limits),
      threads_("region-parts", limits.threads, limits.queue_max) {}

Result<std::unique_ptr<Makings>> Makings::open(FileSystem& files, std::string folder, Clock& clock, Random& random,
                                               Maker maker, MakingLimits limits) {
  if (auto made = files.make_folders(folder); !made) return fail(std::move(made));
  auto left = files.list(folder);
  if (!left) return fail(std::move(left));
  for (const std::string& name : *left) {
    if (auto removed = files.remove(folder + "/" + name); !removed) return fail(std::move(removed));
  }
  return std::unique_ptr<Makings>(new Makings(files, std::move(folder), clock, random, std::move(maker), limits));
}

Makings::~Makings() {
  stop();
}

void Makings::stop() {
  is_stopping_ = true;
  ended_.notify_all();
}

Result<std::variant<MadePart, Waiting>> Makings::get(const std::string& caller, const Digest& body,
                                                     const queries::PartRequest& request, std::int64_t wait_ms_max) {
  std::unique_lock lock(mutex_);
  if (is_stopping_) return fail(ErrorKind::busy, "the server is stopping");
  remove_old(caller);
  const Key key(caller, body);
  const auto known = makings_.find(key);
  Result<MakingPtr> making = known == makings_.end() ? begin(key, request) : known->second;
  if (!making) return fail(std::move(making));
  const MakingPtr wanted = *making;
  wanted->asked_ms = steady_ms();
  if (!wanted->end && waiting_callers_ < limits_.waiting_callers_max) {
    ++waiting_callers_;
    ended_.wait_for(lock, std::chrono::milliseconds(wait_ms_max), [&] { return wanted->end || is_stopping_; });
    --waiting_callers_;
  }
  wanted->asked_ms = steady_ms();
  if (!wanted->end) return wanted->progress.waiting(clock_.now());
  if (*wanted->end) return **wanted->end;
  auto error = wanted->end->error();  // a copy: another call may have waited for the same
  // The next call may have more luck: it begins anew.
  if (const auto at = makings_.find(key); at != makings_.end() && at->second == wanted) makings_.erase(at);
  return std::unexpected(std::move(error));
}

Result<Makings::MakingPtr> Makings::begin(const Key& key, const queries::PartRequest& request) {
  if (!has_room() || has_enough(key.first)) return no_room();
  const auto look = [this](const Making& making) -> Status {
    if (is_stopping_) return fail(ErrorKind::busy, "the server is stopping");
    if (steady_ms() - making.asked_ms <= limits_.abandoned_after_ms) return {};
    return fail(ErrorKind::busy, "nobody asked for the part any more");
  };
  auto making = std::make_shared<Making>(request, folder_ + "/" + make_id22(random_) + suffix, look);
  if (!threads_.submit([this, making] { make(*making); })) return no_room();
  makings_.emplace(key, making);
  return making;
}

void Makings::make(Making& making) {
  making.progress.waits_for("");
  auto made = [&]() -> Result<MadePart> {
    if (auto wanted = making.progress.look(); !wanted) return fail(std::move(wanted));
    return maker_(making.request, making.path, making.progress);
  }();
  if (!made && files_.exists(making.path)) {
    if (auto removed = files_.remove(making.path); !removed) {
      log::warning("a file of a part was left behind", {{"detail", removed.error().detail}});
    }
  }
  {
    const std::lock_guard lock(mutex_);
    making.end = std::move(made);
  }
  ended_.notify_all();
}

void Makings::remove_old(const std::string& caller) {
  const std::int64_t now_ms = steady_ms();
  for (auto at = makings_.begin(); at != makings_.end();) {
    const auto next = std::next(at);
    if (at->second->end && now_ms - at->second->asked_ms > limits_.keep_ms) remove(at);
    at = next;
  }
  while (remove_oldest(caller)) {
  }
}

/// Of all where there is no room for anyone, else of the caller's where it has its share; false: nothing is to be gone.
bool Makings::remove_oldest(const std::string& caller) {
  const bool is_full = !has_room();
  if (!is_full && files_of(caller) < limits_.of_a_caller_max) return false;
  const std::int64_t now_ms = steady_ms();
  auto oldest = makings_.end();
  for (auto at = makings_.begin(); at != makings_.end(); ++at) {
    if (!is_full && at->first.first != caller) continue;
    if (!at->second->end || now_ms - at->second->asked_ms <= limits_.being_sent_ms) continue;
    if (oldest == makings_.end() || at->second->asked_ms < oldest->second->asked_ms) oldest = at;
  }
  if (oldest == makings_.end()) return false;
  remove(oldest);
  return true;
}

bool Makings::has_room() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, making] : makings_) {
    if (making->end && *making->end) bytes += (*making->end)->bytes;
  }
  return makings_.size() < limits_.files_max && bytes < limits_.bytes_max;
}

std::size_t Makings::files_of(const std::string& caller) const {
  const auto is_callers = [&](const auto& making) { return making.first.first == caller; };
  return static_cast<std::size_t>(std::ranges::count_if(makings_, is_callers));
}

bool Makings::has_enough(const std::string& caller) const {
  const auto is_under_way = [&](const auto& making) { return making.first.first == caller && !making.second->end; };
  return files_of(caller) >= limits_.of_a_caller_max ||
         static_cast<std::size_t>(std::ranges::count_if(makings_, is_under_way)) >= limits_.under_way_of_a_caller_max;
}

void Makings::remove(std::map<Key, MakingPtr>::iterator at) {
  if (*at->second->end) {
    if (auto removed = files_.remove(at->second->path); !removed) {
      log::warning("a file of a part was left behind", {{"detail", removed.error().detail}});
    }
  }
  makings_.erase(at);
}

}  // namespace meterport::regions
