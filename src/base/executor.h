// A bounded pool of threads. Work is refused, not queued without end: back-pressure starts here.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace meterport {

class Executor {
 public:
  /// `threads` workers, at most `queue_max` tasks waiting. `name` shows in thread lists (15 characters).
  Executor(const char* name, std::size_t threads, std::size_t queue_max);
  /// Refuses new work, finishes what waits, joins.
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// false: the queue is full or the pool is stopping; the task was not taken.
  [[nodiscard]] bool submit(std::move_only_function<void()> task);
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterport
