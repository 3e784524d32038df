#include "queries/zero_rows.h"

#include <algorithm>
#include <tuple>

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;

namespace {

/// Of the category and with a record; two of one id share the code.
std::vector<Code> meter_codes(const Sources& sources, const Slice& slice) {
  std::vector<Code> codes;
  for (const Meter* meter : sources.catalogue.meters()) {
    if (!meter->has_row_every_day() || (!slice.meter.empty() && meter->id != slice.meter)) continue;
    if (const Code code = sources.words.find(Dimension::meter, meter->id); code != 0) codes.push_back(code);
  }
  return codes;
}

}  // namespace

Status ZeroRows::find(const Sources& sources, const OrgCodes& codes, TextOrder& meters) {
  last_ = std::min(slice_.last, sources.last_made_day());
  if (last_ < slice_.first || codes.codes().empty()) return {};
  const std::vector<Code> asked = meter_codes(sources, slice_);
  if (asked.empty()) return {};
  const auto days = sources.warehouse.first_days(sources.snapshot.ledger_position, codes.codes(), asked, last_.plus(1));
  if (!days) return fail(days);
  for (const warehouse::FirstDay& first : *days) {
    accounts_.push_back({.org = codes.rank_of(first.org),
                         .meter = first.meter,
                         .first = first.day,
                         .id = sources.words.text(Dimension::meter, first.meter),
                         .span = {}});
    meters.see(first.meter);
  }
  return {};
}

void ZeroRows::start(const TextOrder& meters) {
  for (Account& account : accounts_) account.meter = meters.rank_of(account.meter);
  std::ranges::sort(accounts_, {}, [](const Account& account) { return std::tuple(account.org, account.meter); });
  day_ = accounts_.empty() ? last_.plus(1) : slice_.first;
  place_ = 0;
  skip_days_without();
}

void ZeroRows::next() {
  ++place_;
  skip_days_without();
}

bool ZeroRows::has_row() {
  Account& account = accounts_[place_];
  const ReportOrg& org = orgs_[account.org];
  return day_ >= account.first && org.is_on(day_) && org.org->status_on(day_) != OrgStatus::deleted &&
         has_row_every_day(account);
}

bool ZeroRows::has_row_every_day(Account& account) {
  if (!account.span.is_on(day_)) {
    // The id is of a meter of the catalogue: there is one.
    account.span = book_.meter_on(*orgs_[account.org].org, account.id, day_).value_or(MeterSpan());
  }
  return account.span.meter != nullptr && account.span.meter->has_row_every_day();
}

void ZeroRows::skip_days_without() {
  for (; day_ <= last_; day_ = day_.plus(1), place_ = 0) {
    while (place_ < accounts_.size() && !has_row()) ++place_;
    if (place_ < accounts_.size()) return;
  }
}

}  // namespace meterport::queries
