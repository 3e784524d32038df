// Seam for randomness: secrets and ids in production, seeded in tests.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace meterport {

class Random {
 public:
  virtual ~Random() = default;
  /// Fills with random bytes; safe for secrets when it is the system's. Thread-safe.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// The operating system's generator.
Random& system_random();
/// Repeatable; for tests only.
std::unique_ptr<Random> seeded_random(std::uint64_t seed);

}  // namespace meterport
