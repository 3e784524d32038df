#include "model/subscription.h"

#include <algorithm>

#include "model/enum_names.h"

namespace meterport {
namespace {

constexpr names::Table<6> statuses = {"draft", "pending-activation", "active", "suspended", "terminated", "closed"};
static_assert(names::covers(statuses, SubscriptionStatus::closed));

constexpr names::Table<3> line_types = {"usage", "one-time", "recurring"};
static_assert(names::covers(line_types, LineType::recurring));

}  // namespace

std::string_view to_string(SubscriptionStatus status) {
  return names::name_of(statuses, status);
}
std::string_view to_string(LineType type) {
  return names::name_of(line_types, type);
}
std::optional<SubscriptionStatus> parse_subscription_status(std::string_view text) {
  return names::value_of<SubscriptionStatus>(statuses, text);
}
std::optional<LineType> parse_line_type(std::string_view text) {
  return names::value_of<LineType>(line_types, text);
}

const SubscriptionLine* Subscription::line(std::int64_t number) const {
  const auto it = std::ranges::find(lines, number, &SubscriptionLine::number);
  return it == lines.end() ? nullptr : &*it;
}

SubscriptionStatus Subscription::status_of(const SubscriptionLine& line) const {
  return line.status.value_or(status);
}

const Term& Subscription::term_of(const SubscriptionLine& line) const {
  return line.term ? *line.term : term;
}

const std::string& Subscription::org_of(const SubscriptionLine& line) const {
  return line.org.empty() ? org : line.org;
}

}  // namespace meterport
