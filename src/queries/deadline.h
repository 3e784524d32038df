// Private to queries: how much of a wait is left when it is made of several.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace meterport::queries {

class Deadline {
 public:
  explicit Deadline(std::int64_t wait_ms)
      : until_(std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms)) {}
  [[nodiscard]] std::int64_t left_ms() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - std::chrono::steady_clock::now());
    return std::max<std::int64_t>(0, left.count());
  }

 private:
  std::chrono::steady_clock::time_point until_;
};

}  // namespace meterport::queries
