// The routes under /peer/v1, which other regions call (docs/formats/region-calls.md): who is there, the catalogue of
// the tenants at home here, parts and totals of usage. Calls that are not accepted get 401; what is not the caller's,
// or not here, gets 404 and names nothing.
//
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "http/router.h"
#include "queries/queries.h"
#include "regions/gate.h"
#include "regions/makings.h"

namespace meterport::regions {

inline constexpr std::string_view ping_path = "/peer/v1/ping";
inline constexpr std::string_view parts_path = "/peer/v1/parts";
inline constexpr std::string_view totals_path = "/peer/v1/totals";
inline constexpr std::string_view catalogue_path = "/peer/v1/catalogue";

class Answers {
 public:
  /// `calls_of_a_region_max`: answered at once. The others' calls and those of users are to come through.
  Answers(catalog::Catalog& catalog, queries::Queries& queries, Clock& clock, Gate& gate, Makings& makings,
          Probe& probe, std::size_t calls_of_a_region_max)
      : catalog_(catalog),
        queries_(queries),
        clock_(clock),
        gate_(gate),
        makings_(makings),
        probe_(probe),
        calls_of_a_region_max_(calls_of_a_region_max) {}

  void add_routes(http::Router& router);

 private:
  class Turn;
  using Answer = Result<http::Response>;
  using Answering = Answer (Answers::*)(const http::Request&, const Caller&);

  void add(http::Router& router, http::Method method, std::string_view path, std::size_t body_bytes_max,
           Answering answering);
  void handle(const http::Request& request, http::Reply reply, Answering answering);
  Answer answer(const http::Request& request, const Caller& caller, Answering answering);
  Answer ping(const http::Request& request, const Caller& caller);
  Answer catalogue(const http::Request& request, const Caller& caller);
  [[nodiscard]] bool is_too_far_ahead(Instant as_of) const;
  Answer part(const http::Request& request, const Caller& caller);
  Answer totals(const http::Request& request, const Caller& caller);

  catalog::Catalog& catalog_;
  queries::Queries& queries_;
  Clock& clock_;
  Gate& gate_;
  Makings& makings_;
  Probe& probe_;
  const std::size_t calls_of_a_region_max_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> under_way_;  ///< calls, by region
};

/// Makes parts of this region's usage: what Makings is given.
Makings::Maker part_maker(queries::Queries& queries, FileSystem& files, Clock& clock);

}  // namespace meterport::regions
