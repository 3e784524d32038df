// A time zone's calendar: where its days begin, and the hours, days and months a period falls into. After 2037 a zone
// keeps its last offset (the system's zone files end there). Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/instant.h"
#include "model/billed_usage.h"

namespace date {
class time_zone;
}

namespace meterport::queries {

class Zone {
 public:
  /// By IANA name; invalid, field "tz": unknown.
  static Result<Zone> find(const std::string& name);

  /// The date the zone's clocks show.
  [[nodiscard]] Day day_at(Instant time) const;
  /// 00:00 of the date; the first of two, and where clocks jump over it, the jump.
  [[nodiscard]] Instant start_of(Day date) const;
  /// Where windows begin, ascending: the first at or before period.from, the last at or after period.to, which is the
  /// end of the last window. A day or month begins at its first 00:00. An hour begins whenever clocks show a full hour,
  /// and where they are changed: none is longer than an hour, and none has two names. Not for Window::none.
  [[nodiscard]] std::vector<Instant> windows(Window window, Period period) const;

 private:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}
  [[nodiscard]] std::vector<Instant> hours(Period period) const;
  const date::time_zone* zone_;  ///< null: UTC, which needs no zone files
};

}  // namespace meterport::queries
