#include "queries/utc_windows.h"

namespace meterport::queries {
namespace {

constexpr std::int64_t months = 12;

std::int64_t floored(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

}  // namespace

std::int64_t utc_window_number(Window window, Instant time) {
  switch (window) {
    case Window::none:
      return 0;
    case Window::hour:
      return floored(time.us, Instant::us_per_hour);
    case Window::day:
      return day_of(time).days;
    case Window::month: {
      const CivilDate date = civil_of(day_of(time));
      return date.year * months + date.month - 1;
    }
  }
  return 0;
}

Instant utc_window_start(Window window, std::int64_t number) {
  if (window == Window::hour) return Instant{number * Instant::us_per_hour};
  if (window == Window::day) return start_of(Day{static_cast<std::int32_t>(number)});
  return start_of(day_from({.year = static_cast<int>(floored(number, months)),
                            .month = static_cast<unsigned>(number - floored(number, months) * months + 1),
                            .day = 1}));
}

}  // namespace meterport::queries
