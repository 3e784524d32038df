#include "regions/probe.h"

namespace meterport::regions {
namespace {

constexpr double us_per_s = 1e6;

}  // namespace

void Probe::call_refused(const char* cause) {
  registry_
      .counter("meterport_region_calls_refused_total", "Calls of other regions that were not accepted, by cause.",
               {{"cause", cause}})
      .add();
}

void Probe::part_sent(const std::string& region, std::uint64_t bytes) {
  registry_
      .counter("meterport_region_part_bytes_sent_total", "Bytes of parts that other regions fetched.",
               {{"region", region}})
      .add(bytes);
}

void Probe::part_received(const std::string& region, std::uint64_t bytes) {
  registry_
      .counter("meterport_region_part_bytes_received_total", "Bytes of parts that were fetched from other regions.",
               {{"region", region}})
      .add(bytes);
}

void Probe::looked(const std::string& region, bool is_reachable, std::int64_t clock_offset_us) {
  const auto gauges = gauges_of(region);
  gauges->is_reachable = is_reachable;
  gauges->clock_offset_us = clock_offset_us;
}

void Probe::replica_checked(const std::string& region, Instant at) {
  const auto gauges = gauges_of(region);
  const bool is_first = gauges->replica_checked_us.exchange(at.us) == 0;
  if (!is_first) return;
  registry_.gauge(
      "meterport_region_replica_age_seconds", "Since the replica of the region's catalogue was last known to be new.",
      [gauges, &clock = clock_] { return static_cast<double>(clock.now().us - gauges->replica_checked_us) / us_per_s; },
      {{"region", region}});
}

std::shared_ptr<Probe::Gauges> Probe::gauges_of(const std::string& region) {
  const std::lock_guard lock(mutex_);
  auto& gauges = gauges_[region];
  if (gauges) return gauges;
  gauges = std::make_shared<Gauges>();
  const metrics::Labels labels = {{"region", region}};
  registry_.gauge(
      "meterport_region_reachable", "1 when the region answered at the last look.",
      [kept = gauges] { return kept->is_reachable ? 1.0 : 0.0; }, labels);
  registry_.gauge(
      "meterport_region_clock_offset_seconds", "Its clock less this server's, at its last answer.",
      [kept = gauges] { return static_cast<double>(kept->clock_offset_us) / us_per_s; }, labels);
  return gauges;
}

}  // namespace meterport::regions
