#include "rating/billing.h"

#include <algorithm>

namespace meterport::rating {
namespace {

/// Months since year 0.
std::int64_t month_of(Instant time) {
  constexpr std::int64_t months = 12;
  const CivilDate date = civil_of(day_of(time));
  return date.year * months + date.month - 1;
}

Total rounded(const BillingRule& rule, const Total& sum) {
  return rule.block_size.is_zero() ? sum : sum.rounded_up_to(rule.block_size);
}

}  // namespace

Total Biller::add(Instant time, const Total& quantity) {
  if (const std::int64_t month = month_of(time); month != month_) {
    month_ = month;
    closed_ = open_ = billed_ = {};
  }
  if (const std::int64_t hour = rule_.hourly ? floor_to_hour(time).us : 0; hour != hour_) {
    hour_ = hour;
    closed_ += rounded(rule_, open_);
    open_ = {};
  }
  open_ += quantity;
  const Total due = closed_ + rounded(rule_, open_) - Total(rule_.free_per_month);
  const Total billed = due.is_negative() ? Total() : due;
  const Total part = billed - billed_;
  billed_ = billed;
  return part;
}

Instant billing_start(Instant from) {
  const CivilDate date = civil_of(day_of(from));
  return start_of(day_from({date.year, date.month, 1}));
}

}  // namespace meterport::rating
