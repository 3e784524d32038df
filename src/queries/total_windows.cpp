#include "queries/total_windows.h"

#include <algorithm>
#include <numeric>

#include "queries/utc_windows.h"

namespace meterport::queries {
namespace {

constexpr std::int64_t windows_max = 4'000'000;

std::int64_t shortest_us(Window window) {
  if (window == Window::hour) return us_per_hour;
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
  const auto& starts = windows.starts_;
  bool are_equal = true;
  for (std::size_t i = 1; i < starts.size(); ++i) {
    const std::int64_t length = starts[i].us - starts[i - 1].us;
    are_equal = are_equal && length == starts[1].us - starts[0].us;
    windows.step_us_ = std::gcd(windows.step_us_, length);
  }
  windows.by_utc_day_ = starts.front().us % Instant::us_per_day == 0 && windows.step_us_ % Instant::us_per_day == 0;
  windows.is_one_step_ = are_equal && (!windows.by_utc_day_ || windows.step_us_ == Instant::us_per_day);
  return windows;
}

void TotalWindows::put_into(warehouse::SumQuery& query) const {
  query.by_day = by_utc_day_;
  if (starts_.empty() || by_utc_day_) return;
  query.step_us = step_us_;
  query.step_origin = starts_.front();
}

std::uint32_t TotalWindows::number_of(const warehouse::SumRow& sum) const {
  if (starts_.empty()) return 0;
  const Instant time = by_utc_day_ ? start_of(sum.day) : sum.step_start;
  return static_cast<std::uint32_t>(std::ranges::upper_bound(starts_, time) - starts_.begin() - 1);
}

}  // namespace meterport::queries
