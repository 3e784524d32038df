#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace meterport::metrics {
namespace {

enum class Type { counter, gauge, histogram };

std::string_view to_string(Type type) {
  switch (type) {
    case Type::counter:
      return "counter";
    case Type::gauge:
      return "gauge";
    case Type::histogram:
      return "histogram";
  }
  std::abort();
}

struct Series {
  Labels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct Family {
  std::string name;
  std::string help;
  Type type;
  std::vector<std::shared_ptr<Series>> series;
};

/// From half a millisecond to a minute: a sync, a request and an export all fall inside.
const std::vector<std::int64_t>& default_bounds_us() {
  static const std::vector<std::int64_t> bounds{500,       1'000,      2'500,      5'000,     10'000,    25'000,
                                                50'000,    100'000,    250'000,    500'000,   1'000'000, 2'500'000,
                                                5'000'000, 10'000'000, 30'000'000, 60'000'000};
  return bounds;
}

[[noreturn]] void defect(std::string_view what, std::string_view name) {
  std::fputs(fmt::format("metrics: {}: {}\n", name, what).c_str(), stderr);
  std::abort();
}

bool is_name(std::string_view name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  return std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == ':'; });
}

void append_escaped(std::string& out, std::string_view text, bool quote) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

/// name{labels,extra_name="extra_value"} and a blank.
void append_series(std::string& out, std::string_view name, std::string_view suffix, const Labels& labels,
                   std::string_view extra_name = {}, std::string_view extra_value = {}) {
  out.append(name).append(suffix);
  std::string inside;
  const auto add = [&](std::string_view label, std::string_view value) {
    if (!inside.empty()) inside += ',';
    inside.append(label).append("=\"");
    append_escaped(inside, value, true);
    inside += '"';
  };
  for (const auto& [label, value] : labels) add(label, value);
  if (!extra_name.empty()) add(extra_name, extra_value);
  if (!inside.empty()) out.append("{").append(inside).append("}");
  out += ' ';
}

/// Microseconds as seconds, exactly: 2500 -> "0.0025".
std::string seconds_of(std::uint64_t us) {
  std::string text = fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string number_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_histogram(std::string& out, const std::string& name, const Labels& labels, const Histogram& histogram) {
  const Histogram::Snapshot snapshot = histogram.snapshot();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    count += snapshot.counts[i];
    const bool last = i == snapshot.bounds_us.size();
    const std::string bound = last ? "+Inf" : seconds_of(static_cast<std::uint64_t>(snapshot.bounds_us[i]));
    append_series(out, name, "_bucket", labels, "le", bound);
    out.append(std::to_string(count)).append("\n");
  }
  append_series(out, name, "_sum", labels);
  out.append(seconds_of(snapshot.sum_us)).append("\n");
  append_series(out, name, "_count", labels);
  out.append(std::to_string(count)).append("\n");
}

void append_family(std::string& out, const Family& family) {
  out.append("# HELP ").append(family.name).append(" ");
  append_escaped(out, family.help, false);
  out.append("\n# TYPE ").append(family.name).append(" ").append(to_string(family.type)).append("\n");
  for (const auto& series : family.series) {
    if (series->histogram) {
      append_histogram(out, family.name, series->labels, *series->histogram);
      continue;
    }
    append_series(out, family.name, "", series->labels);
    out += series->counter ? std::to_string(series->counter->value()) : number_of(series->read());
    out += '\n';
  }
}

}  // namespace

Histogram::Histogram(std::vector<std::int64_t> bounds_us)
    : bounds_us_(std::move(bounds_us)),
      counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_us_.size() + 1)) {}

void Histogram::observe_us(std::int64_t us) {
  us = std::max<std::int64_t>(us, 0);  // a clock set back must not make the sum run backwards
  const auto bucket = std::ranges::lower_bound(bounds_us_, us) - bounds_us_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(static_cast<std::uint64_t>(us), std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot{.bounds_us = bounds_us_, .counts = {}, .sum_us = sum_us_.load(std::memory_order_relaxed)};
  for (std::size_t i = 0; i <= bounds_us_.size(); ++i) {
    snapshot.counts.push_back(counts_[i].load(std::memory_order_relaxed));
  }
  return snapshot;
}

struct Registry::State {
  mutable std::mutex mutex;
  std::vector<Family> families;  ///< in the order of their first registration

  /// The series of that name and labels, made if new. The caller holds the mutex. A name has one type and help.
  std::shared_ptr<Series>& series_of(std::string&& name, std::string&& help, Type type, Labels&& labels) {
    if (!is_name(name)) defect("not a metric name", name);
    auto family = std::ranges::find(families, name, &Family::name);
    if (family == families.end()) {
      families.push_back({.name = std::move(name), .help = std::move(help), .type = type, .series = {}});
      family = families.end() - 1;
    }
    if (family->type != type) defect("registered with two types", family->name);
    for (auto& series : family->series) {
      if (series->labels == labels) return series;
    }
    auto made = std::make_shared<Series>();
    made->labels = std::move(labels);
    family->series.push_back(std::move(made));
    return family->series.back();
  }
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::counter(std::string name, std::string help, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = *state_->series_of(std::move(name), std::move(help), Type::counter, std::move(labels));
  if (!series.counter) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

void Registry::gauge(std::string name, std::string help, std::function<double()> read, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  auto& series = state_->series_of(std::move(name), std::move(help), Type::gauge, Labels(labels));
  // A new one instead of a change: a scrape may be calling the old function just now.
  series = std::make_shared<Series>(
      Series{.labels = std::move(labels), .counter = nullptr, .histogram = nullptr, .read = std::move(read)});
}

Histogram& Registry::histogram_seconds(std::string name, std::string help, Labels labels) {
  const std::lock_guard lock(state_->mutex);
  Series& series = *state_->series_of(std::move(name), std::move(help), Type::histogram, std::move(labels));
  if (!series.histogram) series.histogram = std::make_unique<Histogram>(default_bounds_us());
  return *series.histogram;
}

std::string Registry::expose() const {
  // Read outside the lock: a gauge may take its component's lock, and that component may be registering a metric.
  std::vector<Family> families;
  {
    const std::lock_guard lock(state_->mutex);
    families = state_->families;
  }
  std::string out;
  for (const Family& family : families) append_family(out, family);
  return out;
}

}  // namespace meterport::metrics
