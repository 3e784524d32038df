// Counters, gauges and histograms with Prometheus text exposition. Components own probes built from these;
// business code calls a probe, never a metric by name.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meterport::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Histogram {
 public:
  /// Upper bounds ascending, in the metric's unit (seconds are given as microseconds here and printed in seconds).
  explicit Histogram(std::vector<std::int64_t> bounds_us);
  void observe_us(std::int64_t us);
  struct Snapshot {
    std::vector<std::int64_t> bounds_us;
    std::vector<std::uint64_t> counts;  ///< one more than bounds
    std::uint64_t sum_us;
  };
  [[nodiscard]] Snapshot snapshot() const;

 private:
  std::vector<std::int64_t> bounds_us_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<std::uint64_t> sum_us_{0};
};

/// Owns the metrics of one server. References stay valid for the registry's life. Thread-safe.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  /// A name has one type and help; the same name and labels again give the same counter. A bad name or a second type
  /// is a programming error and aborts.
  Counter& counter(std::string name, std::string help, Labels labels = {});
  /// Read at each scrape, from the scraping thread; registering the same name and labels again replaces `read`.
  void gauge(std::string name, std::string help, std::function<double()> read, Labels labels = {});
  /// With bounds from half a millisecond to a minute; name it "..._seconds".
  Histogram& histogram_seconds(std::string name, std::string help, Labels labels = {});
  /// Prometheus text format 0.0.4 (Content-Type: text/plain; version=0.0.4).
  [[nodiscard]] std::string expose() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meterport::metrics
