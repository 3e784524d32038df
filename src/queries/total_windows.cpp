#include "queries/total_windows.h"

#include <algorithm>
#include <numeric>

#include "queries/utc_windows.h"

namespace meterport::queries {
namespace {

constexpr std::int64_t windows_max = 4'000'000;
constexpr std::size_t stretches_max = 50;  // ten years of changing clocks twice a year

std::int64_t shortest_us(Window window) {
  if (window == Window::hour) return Instant::us_per_hour;
  constexpr std::int64_t month_days = 28;
  return window == Window::day ? Instant::us_per_day : month_days * Instant::us_per_day;
}

}  // namespace

Result<TotalWindows> TotalWindows::over(Period period, Window window, const Zone& zone) {
  if ((period.to.us - period.from.us) / shortest_us(window) > windows_max) {
    return fail(ErrorKind::too_large, "the period has more than four million windows: ask for a shorter one", {},
                "window");
  }
  TotalWindows windows;
  windows.starts_ = zone.windows(window, period);
  windows.must_fold_ = window == Window::month;
  windows.cut_into_stretches(window == Window::month ? zone.windows(Window::day, period) : windows.starts_);
  return windows;
}

void TotalWindows::cut_into_stretches(const std::vector<Instant>& steps) {
  std::int64_t common = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const std::int64_t length = steps[i].us - steps[i - 1].us;
    common = std::gcd(common, length);
    if (stretches_.empty() || stretches_.back().step_us != length) {
      stretches_.push_back({.period = {steps[i - 1], steps[i]}, .step_us = length});
    }
    stretches_.back().period.to = steps[i];
  }
  // Each costs a pass over the facts; a finer step for all costs more rows.
  if (stretches_.size() > stretches_max) {
    stretches_ = {{.period = {steps.front(), steps.back()}, .step_us = common}};
    must_fold_ = true;
  }
  by_utc_day_ = stretches_.size() == 1 && stretches_[0].step_us == Instant::us_per_day &&
                stretches_[0].period.from.us % Instant::us_per_day == 0;
}

std::vector<warehouse::SumQuery> TotalWindows::queries_for(const warehouse::SumQuery& query) const {
  if (starts_.empty()) return {query};
  std::vector<warehouse::SumQuery> queries;
  for (const Stretch& stretch : stretches_) {
    warehouse::SumQuery& part = queries.emplace_back(query);
    part.from = std::max(part.from, stretch.period.from);
    part.to = std::min(part.to, stretch.period.to);
    part.by_day = by_utc_day_;
    if (by_utc_day_) continue;
    part.step_us = stretch.step_us;
    part.step_origin = stretch.period.from;
  }
  return queries;
}

std::uint32_t TotalWindows::number_of(const warehouse::SumRow& sum) const {
  if (starts_.empty()) return 0;
  const Instant time = by_utc_day_ ? start_of(sum.day) : sum.step_start;
  return static_cast<std::uint32_t>(std::ranges::upper_bound(starts_, time) - starts_.begin() - 1);
}

}  // namespace meterport::queries
