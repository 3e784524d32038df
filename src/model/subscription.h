// A customer's subscription and its numbered lines: which org and meter a line's usage goes to, and when it takes usage
// (crosswalk 2.2). Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"

namespace meterport {

enum class SubscriptionStatus { draft, pending_activation, active, suspended, terminated, closed };
enum class LineType { usage, one_time, recurring };
std::string_view to_string(SubscriptionStatus status);  ///< "pending-activation" as in the catalogue file
std::string_view to_string(LineType type);              ///< "one-time" ...
std::optional<SubscriptionStatus> parse_subscription_status(std::string_view text);
std::optional<LineType> parse_line_type(std::string_view text);

/// Both days belong to it; an unset one leaves that end open.
struct Term {
  std::optional<Day> start, end;

  [[nodiscard]] bool contains(Day day) const { return (!start || *start <= day) && (!end || day <= *end); }
};

/// A member of `fields`: its value as text, a number with the digits it was written with.
struct CustomField {
  std::string name;
  std::string value;
  bool is_number = false;
};

struct SubscriptionLine {
  std::int64_t number = 0;
  std::string id, item;  ///< empty: none
  LineType type = LineType::usage;
  std::optional<SubscriptionStatus> status;  ///< none: the subscription's
  std::optional<Term> term;                  ///< none: the subscription's
  std::vector<CustomField> fields;           ///< by name
  std::string org;                           ///< empty: the subscription's
  std::string meter;                         ///< empty only if the type is not usage
};

struct Subscription {
  std::string id, name;
  std::string org;                      ///< the owner account
  std::string customer, charge_number;  ///< empty: none
  Term term;
  SubscriptionStatus status = SubscriptionStatus::active;
  std::vector<CustomField> fields;      ///< by name
  std::vector<SubscriptionLine> lines;  ///< in the order they were written

  /// Null: no line of that number.
  [[nodiscard]] const SubscriptionLine* line(std::int64_t number) const;
  // What holds for one of its lines.
  [[nodiscard]] SubscriptionStatus status_of(const SubscriptionLine& line) const;
  [[nodiscard]] const Term& term_of(const SubscriptionLine& line) const;
  [[nodiscard]] const std::string& org_of(const SubscriptionLine& line) const;
};

}  // namespace meterport
