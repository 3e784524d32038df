// Who is calling: the checks of a call from another region (docs/formats/region-calls.md), and the signature under the
// answer. A refused call is told nothing but that; the cause is in the log (a line a second) and in the metrics.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/message.h"
#include "identity/nonces.h"
#include "regions/probe.h"
#include "regions/region_book.h"
#include "regions/signature.h"

namespace meterport::regions {

/// A call that was accepted.
struct Caller {
  std::string region;
  std::string signature;  ///< of the call
  Digest body{};          ///< its SHA-256
};

class Gate {
 public:
  Gate(std::string own, RegionBook& book, Clock& clock, const RegionKey& key, Probe& probe, control::Store& control,
       const identity::SecretHash& hash)
      : own_(std::move(own)), book_(book), clock_(clock), key_(key), probe_(probe), nonces_(control, clock, hash) {}

  /// By the head alone, before a body is read: signature, names, time. Does not wait. unauthenticated.
  [[nodiscard]] Status check_head(const http::Request& request) const;
  /// All of it: the body's digest, and that the call was not made before, which is on disk when this returns.
  [[nodiscard]] Result<Caller> check(const http::Request& request);
  /// Puts the signature under the answer to the call; its body or file is final. `digest`: of the file.
  void sign(http::Response& response, const Caller& caller, const std::optional<Digest>& digest = {}) const;

 private:
  Result<CallHead> read_head(const http::Request& request, std::string& signature) const;
  std::unexpected<Error> refused(const char* cause, const http::Request& request) const;

  const std::string own_;
  RegionBook& book_;
  Clock& clock_;
  const RegionKey& key_;
  Probe& probe_;
  identity::Nonces nonces_;
  mutable std::atomic<std::int64_t> logged_us_{0};
};

}  // namespace meterport::regions
