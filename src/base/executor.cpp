#include "base/executor.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"

namespace meterport {

struct Executor::State {
  using Task = std::move_only_function<void()>;

  std::string name;
  std::size_t queue_max = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Task> tasks;
  bool stopping = false;
  std::vector<std::thread> threads;

  /// The next task, or an empty one when stopping and nothing is left.
  Task take() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stopping || !tasks.empty(); });
    if (tasks.empty()) return {};
    Task task = std::move(tasks.front());
    tasks.pop_front();
    return task;
  }

  void work() {
    while (Task task = take()) {
      // A task that throws is a defect of the task; it must not take the pool or the process with it.
      try {
        task();
      } catch (const std::exception& e) {
        log::error("a task threw", {{"pool", name}, {"what", e.what()}});
      } catch (...) {
        log::error("a task threw", {{"pool", name}});
      }
    }
  }
};

Executor::Executor(const char* name, std::size_t threads, std::size_t queue_max) : state_(std::make_unique<State>()) {
  state_->name = name;
  state_->queue_max = queue_max;
  for (std::size_t i = 0; i < threads; ++i) {
    std::thread thread([state = state_.get()] { state->work(); });
    pthread_setname_np(thread.native_handle(), state_->name.substr(0, 15).c_str());
    state_->threads.push_back(std::move(thread));
  }
}

Executor::~Executor() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

bool Executor::submit(std::move_only_function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->tasks.size() >= state_->queue_max) return false;
    state_->tasks.push_back(std::move(task));
  }
  state_->changed.notify_one();
  return true;
}

std::size_t Executor::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tasks.size();
}

}  // namespace meterport
