#include "queries/region_calls.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace meterport::queries {
namespace {

class Calls {
 public:
  Calls(std::size_t count, std::int64_t budget_ms)
      : until_(std::chrono::steady_clock::now() + std::chrono::milliseconds(budget_ms)),
        call_{.timeout_ms = budget_ms, .is_over = &is_over_},
        left_(count),
        results_(count) {}
  ~Calls() { is_over_ = true; }  // before the threads are joined
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  void start(std::size_t region, const std::function<Status(std::size_t, const PartCall&)>& ask) {
    threads_.emplace_back([this, region, &ask] {
      Status status = ask(region, call_);
      const std::lock_guard lock(mutex_);
      results_[region] = std::move(status);
      if (--left_ == 0) all_done_.notify_all();
    });
  }

  /// Of all, in order.
  std::vector<Status> wait() {
    {
      std::unique_lock lock(mutex_);
      all_done_.wait_until(lock, until_, [this] { return left_ == 0; });
    }
    is_over_ = true;
    threads_.clear();
    return std::move(results_);
  }

 private:
  const std::chrono::steady_clock::time_point until_;
  std::atomic<bool> is_over_{false};
  const PartCall call_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  std::size_t left_;
  std::vector<Status> results_;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace

Status ask_regions(const std::vector<std::string>& regions, std::int64_t budget_ms,
                   const std::function<Status(std::size_t, const PartCall&)>& ask, const std::function<Status()>& own) {
  Calls calls(regions.size(), budget_ms);
  for (std::size_t i = 0; i < regions.size(); ++i) calls.start(i, ask);
  if (auto done = own(); !done) return done;
  std::vector<Status> results = calls.wait();
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (results[i]) continue;
    const Error& why = results[i].error();
    if (why.kind == ErrorKind::too_large) return std::move(results[i]);
    return fail(ErrorKind::region_unavailable, fmt::format("region \"{}\" does not answer: {}", regions[i], why.text),
                why.detail);
  }
  return {};
}

}  // namespace meterport::queries
