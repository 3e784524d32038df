#include "formats/deflate.h"

extern "C" {
#include <isa-l/igzip_lib.h>
}

#include <array>
#include <new>
#include <type_traits>
#include <utility>

namespace meterport::formats {

namespace {
/// Handed over first: at most 16, which ISA-L's loop leaves to its way of ending a block, and more than the 3 that it
/// writes without looking at them.
constexpr std::size_t first_bytes = 16;
}  // namespace

struct BlockDeflater::State {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_memory;
};

BlockDeflater::BlockDeflater(std::pmr::memory_resource& memory)
    : memory_(memory), state_(new(memory.allocate(sizeof(State), alignof(State))) State()) {}

BlockDeflater::~BlockDeflater() {
  static_assert(std::is_trivially_destructible_v<State>);
  memory_.deallocate(state_, sizeof(State), alignof(State));
}

/// Appends to `out` all that the stream gives for `bytes`.
bool BlockDeflater::feed(std::string_view bytes, std::string& out) {
  isal_zstream& stream = state_->stream;
  // The API takes a pointer to non-const and does not write through it.
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<std::uint32_t>(bytes.size());

  // Room for stored blocks of incompressible input; the loop is for the case that this guess is ever too small.
  std::size_t filled = out.size();
  out.resize(filled + bytes.size() + bytes.size() / 8 + 1'024);
  while (true) {
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + filled);
    stream.avail_out = static_cast<std::uint32_t>(out.size() - filled);
    const int code = isal_deflate(&stream);
    filled = out.size() - stream.avail_out;
    if (code != COMP_OK) return false;
    if (stream.avail_out > 0) break;
    out.resize(out.size() * 2);
  }
  out.resize(filled);
  return stream.avail_in == 0;
}

bool BlockDeflater::compress(std::string_view block, bool is_last, std::string& out) {
  isal_zstream& stream = state_->stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = state_->level_memory.data();
  stream.level_buf_size = static_cast<std::uint32_t>(state_->level_memory.size());
  stream.gzip_flag = IGZIP_DEFLATE;
  out.clear();
  if (block.size() > first_bytes) {
    stream.flush = SYNC_FLUSH;
    if (!feed(block.substr(0, first_bytes), out)) return false;
    block.remove_prefix(first_bytes);
  }
  stream.end_of_stream = is_last ? 1 : 0;
  stream.flush = is_last ? NO_FLUSH : FULL_FLUSH;
  return feed(block, out);
}

DeflatePool::DeflatePool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

DeflatePool::~DeflatePool() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    queue_.clear();
  }
  has_work_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void DeflatePool::work() {
  BlockDeflater deflater;
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
    if (is_stopping_) return;
    Task* const task = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const bool is_good = deflater.compress(task->input, task->is_last, task->output);
    lock.lock();
    task->is_good = is_good;
    task->is_done = true;
    has_result_.notify_one();
  }
}

void DeflatePool::submit(std::string& block, bool is_last) {
  std::unique_ptr<Task> task;
  if (spare_.empty()) {
    task = std::make_unique<Task>();
  } else {
    task = std::move(spare_.back());
    spare_.pop_back();
  }
  std::swap(task->input, block);
  block.clear();
  task->is_last = is_last;
  task->is_done = false;
  Task* const waiting = task.get();
  order_.push_back(std::move(task));
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(waiting);
  }
  has_work_.notify_one();
}

bool DeflatePool::is_front_ready() {
  if (order_.empty()) return false;
  const std::lock_guard lock(mutex_);
  return order_.front()->is_done;
}

bool DeflatePool::take(std::string& out) {
  std::unique_ptr<Task> task = std::move(order_.front());
  order_.pop_front();
  {
    std::unique_lock lock(mutex_);
    has_result_.wait(lock, [&] { return task->is_done; });
  }
  std::swap(out, task->output);
  const bool is_good = task->is_good;
  spare_.push_back(std::move(task));
  return is_good;
}

}  // namespace meterport::formats
