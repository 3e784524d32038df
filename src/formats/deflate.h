// Private to formats: raw deflate of whole blocks by ISA-L level 1, and the pool that does several at a time.
//
// A block's bytes depend on its input, on `is_last` and on the ISA-L version alone: each starts with an empty history
// and ends on a byte boundary (full flush), so blocks can be compressed anywhere and put one after another (RFC 1951).
//
// For that, a block's first bytes are handed over on their own. ISA-L 2.30's level 1 loop, begun without history, takes
// the hash of the third byte from a register that holds the address of the stream instead of the text, so one in some
// thousand addresses gives other (also right) bytes. Up to 16 bytes do not enter that loop, and after them there is a
// history. It costs about 15 bytes a block.
//
// ISA-L picks its kernels by CPU and has no public way to pin one. Compared with ISA-L 2.30 on usage CSV: emulated
// Nehalem, Westmere, Sandy Bridge and Haswell and a real AVX-512 machine gave the same bytes, because all level 1
// kernels share one hash and one match rule. A later ISA-L may differ; then zip_writer_version and
// gzip_writer_version have to change.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace meterport::formats {

inline constexpr std::size_t deflate_block_bytes = std::size_t{1} << 20;

/// One compressor; not thread-safe, reusable.
class BlockDeflater {
 public:
  /// `memory` outlives it and holds its 360 kB; where they lie makes no difference to the bytes.
  explicit BlockDeflater(std::pmr::memory_resource& memory = *std::pmr::get_default_resource());
  ~BlockDeflater();
  BlockDeflater(const BlockDeflater&) = delete;
  BlockDeflater& operator=(const BlockDeflater&) = delete;
  /// Replaces `out`. `is_last` ends the deflate stream; an empty last block is a valid empty stream. false: ISA-L
  /// reported an error, which no input should cause.
  [[nodiscard]] bool compress(std::string_view block, bool is_last, std::string& out);

 private:
  struct State;
  [[nodiscard]] bool feed(std::string_view bytes, std::string& out);

  std::pmr::memory_resource& memory_;
  State* state_;
};

/// Compresses blocks on `threads` workers and hands them back in the order of their arrival. One caller thread.
/// Holds at most 2 x threads + 1 blocks: `submit` must be preceded by `take` while is_full().
class DeflatePool {
 public:
  explicit DeflatePool(unsigned threads);
  ~DeflatePool();
  DeflatePool(const DeflatePool&) = delete;
  DeflatePool& operator=(const DeflatePool&) = delete;

  /// Takes over `block`'s text and gives an empty buffer back in its place.
  void submit(std::string& block, bool is_last);
  [[nodiscard]] bool is_full() const { return order_.size() >= 2 * workers_.size() + 1; }
  [[nodiscard]] bool is_empty() const { return order_.empty(); }
  [[nodiscard]] bool is_front_ready();
  /// Waits for the oldest block and replaces `out` by its bytes; false as in BlockDeflater. Not when empty.
  [[nodiscard]] bool take(std::string& out);

 private:
  struct Task {
    std::string input, output;
    bool is_last = false, is_done = false, is_good = false;
  };
  void work();

  std::mutex mutex_;
  std::condition_variable has_work_, has_result_;
  std::deque<Task*> queue_;                   ///< not yet begun
  std::deque<std::unique_ptr<Task>> order_;   ///< all that were submitted and not taken; caller's thread only
  std::vector<std::unique_ptr<Task>> spare_;  ///< caller's thread only
  bool is_stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace meterport::formats
