// How many bytes of request bodies all connections of a server hold at the same time. Internal to http; thread-safe.
// Bodies are held whole in memory, so that the number of requests alone would bound nothing.
#pragma once

#include <atomic>
#include <cstdint>

namespace meterport::http {

class BodyBudget {
 public:
  explicit BodyBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  [[nodiscard]] std::uint64_t bytes_max() const { return bytes_max_; }

  /// One request's share; given back when it goes. One thread at a time.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    ~Share() { budget_.taken_.fetch_sub(bytes_, std::memory_order_relaxed); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// False: the others leave no room for so many; the share stays as it was. A share never shrinks.
    [[nodiscard]] bool grow_to(std::uint64_t bytes) {
      if (bytes <= bytes_) return true;
      const std::uint64_t more = bytes - bytes_;
      std::uint64_t taken = budget_.taken_.load(std::memory_order_relaxed);
      do {
        if (more > budget_.bytes_max_ - taken) return false;
      } while (!budget_.taken_.compare_exchange_weak(taken, taken + more, std::memory_order_relaxed));
      bytes_ = bytes;
      return true;
    }

   private:
    BodyBudget& budget_;
    std::uint64_t bytes_ = 0;
  };

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> taken_{0};  ///< never over bytes_max_
};

}  // namespace meterport::http
