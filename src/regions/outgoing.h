// Calls to other regions: signed, and their answers verified before anything of them is used. One attempt each; what
// went wrong is told in few words that follow "it" ("refused the connection") or as a sentence that begins with "its".
//
// Errors: region_unavailable where a later attempt may help, forbidden where the region does not answer us; others are
// this server's own (a full disk). Thread-safe; calls wait.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "http/client.h"
#include "model/organization.h"
#include "queries/part.h"
#include "regions/region_key.h"
#include "regions/signature.h"

namespace meterport::regions {

struct PeerCall {
  std::string method = "GET";
  std::string path, query;  ///< of the region; query without '?'
  std::string body;
  std::uint64_t answer_bytes_max = 64 * 1024;
  std::string to_file{};  ///< the body of an answer goes there, whatever its 2xx status; empty: nowhere
};
struct PeerAnswer {
  int status = 0;
  std::string body;
};

class Outgoing {
 public:
  /// `ca_file`: PEM file to trust in place of the system's; empty: none.
  Outgoing(const RegionKey& key, std::string own_region, Clock& clock, Random& random, std::string ca_file)
      : key_(key), own_(std::move(own_region)), clock_(clock), random_(random), ca_file_(std::move(ca_file)) {}

  /// A 2xx answer. `limits`: to_file: the longest standstill, else the whole exchange.
  Result<PeerAnswer> call(const Region& peer, const PeerCall& call, const queries::PartCall& limits) const;

 private:
  const RegionKey& key_;
  const std::string own_;
  Clock& clock_;
  Random& random_;
  const std::string ca_file_;
};

/// True of errors that say that nobody is there.
bool is_gone(const Error& error);

}  // namespace meterport::regions
