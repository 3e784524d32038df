// Private to exports: who waits for a job's end. A list, no thread per waiter: the upkeep thread looks at the deadlines
// and whoever ends a job looks at its id. Thread-safe; never calls anybody while it holds its lock.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "exports/exports.h"

namespace meterport::exports {

struct Waiter {
  Principal principal;
  std::string job_id;
  std::chrono::steady_clock::time_point deadline;
  std::move_only_function<void(Result<Job>)> done;
};

class Waiters {
 public:
  /// is_next: its deadline is the nearest one. is_closed: it was not taken and stays with the caller.
  enum class Added { is_next, is_later, is_closed };
  Added add(Waiter& waiter);
  [[nodiscard]] std::vector<Waiter> take_of(std::string_view job_id);
  [[nodiscard]] std::vector<Waiter> take_due(std::chrono::steady_clock::time_point now);
  /// All; from now on none is added.
  [[nodiscard]] std::vector<Waiter> close();
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_deadline() const;

 private:
  template <class Wanted>
  std::vector<Waiter> take_if(Wanted wanted);

  mutable std::mutex mutex_;
  std::vector<Waiter> waiters_;
  bool is_closed_ = false;
};

}  // namespace meterport::exports
