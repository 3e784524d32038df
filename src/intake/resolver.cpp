#include "intake/resolver.h"

#include <fmt/format.h>

#include <functional>

namespace meterport::intake {
namespace {

constexpr std::size_t key_text_bytes_max = 1024;
// One text for all three causes: what is not yours answers like what does not exist (crosswalk 3.3).
constexpr std::string_view not_found_text = "org, meter: no such org and meter in your scope";

RecordError error_of(RecordErrorCode code, std::string_view pointer, std::string_view text) {
  return {code, std::string(pointer), std::string(text)};
}

std::string words_of(const Term& term) {
  if (!term.start) return fmt::format("up to {}", format_day(*term.end));
  if (!term.end) return fmt::format("from {} on", format_day(*term.start));
  return fmt::format("{} to {}", format_day(*term.start), format_day(*term.end));
}

/// The line is the record's org's, and its meter the record's, or it has none.
std::optional<RecordError> check_use(const Subscription& subscription, const SubscriptionLine& line, Instant time) {
  const SubscriptionStatus status = subscription.status_of(line);
  if (line.type != LineType::usage) {
    return error_of(RecordErrorCode::line_unusable, "/line",
                    fmt::format("line: its type is {}; only lines of type usage take usage", to_string(line.type)));
  }
  if (status != SubscriptionStatus::active && status != SubscriptionStatus::suspended) {
    return error_of(
        RecordErrorCode::line_unusable, "/line",
        fmt::format("line: its status is {}; only active and suspended lines take usage", to_string(status)));
  }
  const Term& term = subscription.term_of(line);
  if (term.contains(day_of(time))) return std::nullopt;
  return error_of(RecordErrorCode::outside_term, "/time",
                  fmt::format("time: its UTC day is outside the line's term, {}", words_of(term)));
}

}  // namespace

Resolver::Resolver(catalog::SnapshotPtr snapshot, const Principal& principal, std::string_view default_source,
                   Day today, bool is_wire, std::string_view own_region, std::string_view account)
    : snapshot_(std::move(snapshot)),
      principal_(principal),
      default_source_(default_source),
      today_(today),
      is_wire_(is_wire),
      own_region_(own_region),
      account_(account) {}

std::optional<RecordError> Resolver::check(UsageRecord& record) {
  if (record.source.empty()) record.source = default_source_;
  // Only a line that takes no usage has no meter, and that is what the sender should hear of.
  if (record.meter.empty() && !record.subscription.empty()) return check_line(record);
  if (std::optional<RecordError> error = check_texts(record)) return error;
  if (std::optional<RecordError> error = check_org_and_meter(record)) return error;
  return record.subscription.empty() ? std::nullopt : check_line(record);
}

std::optional<RecordError> Resolver::check_org_and_meter(const UsageRecord& record) {
  switch (verdict_of(record.org, record.meter)) {
    case Verdict::ok:
      return std::nullopt;
    case Verdict::unknown_org:
      return error_of(RecordErrorCode::unknown_org, "/org", not_found_text);
    case Verdict::out_of_scope:
      return error_of(RecordErrorCode::out_of_scope, "/org", not_found_text);
    case Verdict::wrong_region:
      return error_of(RecordErrorCode::wrong_region, "/org",
                      fmt::format("org: the usage of \"{}\" is taken in region \"{}\"", record.org,
                                  snapshot_->region_of(record.org)));
    case Verdict::unknown_meter:
      return error_of(RecordErrorCode::unknown_meter, "/meter", not_found_text);
    case Verdict::made_by_server:
      return error_of(RecordErrorCode::meter_takes_no_usage, "/meter",
                      "meter: its category is ORGS, whose rows are made by the server; it takes no usage");
  }
  return std::nullopt;
}

std::optional<RecordError> Resolver::check_texts(const UsageRecord& record) const {
  if (record.org.empty()) return error_of(RecordErrorCode::missing_field, "/org", "org: is required");
  if (record.meter.empty()) return error_of(RecordErrorCode::missing_field, "/meter", "meter: is required");
  if (record.id.empty()) return error_of(RecordErrorCode::missing_field, "/id", "id: is required");
  if (record.source.empty()) {
    return error_of(RecordErrorCode::missing_field, "/source",
                    "source: is required, because the identity that sends has no default source");
  }
  if (record.id.size() > key_text_bytes_max) {
    return error_of(RecordErrorCode::text_too_long, "/id", "id: at most 1,024 bytes are allowed");
  }
  if (record.source.size() > key_text_bytes_max) {
    return error_of(RecordErrorCode::text_too_long, "/source", "source: at most 1,024 bytes are allowed");
  }
  if (is_wire_ && is_reserved_source(record.source)) {
    return error_of(RecordErrorCode::bad_format, "/source",
                    "source: \"netsuite\" and names beginning \"openmeter:\" are reserved");
  }
  return std::nullopt;
}

std::optional<RecordError> Resolver::check_line(const UsageRecord& record) {
  const LineInUse& found = line_of(record);
  if (found.subscription == nullptr) {
    return error_of(RecordErrorCode::unknown_subscription, "/subscription",
                    "subscription: no such subscription of this org or an org above it");
  }
  if (found.line == nullptr) {
    return error_of(RecordErrorCode::unknown_line, "/line", "line: the subscription has no line of this number");
  }
  if (found.subscription->org_of(*found.line) != record.org) {
    return error_of(RecordErrorCode::mismatch, "/org",
                    "org: the line belongs to another org; it must be the line's own");
  }
  // A line without a meter is not of type usage, which is what the sender should hear of.
  if (!found.line->meter.empty() && found.line->meter != record.meter) {
    return error_of(RecordErrorCode::mismatch, "/meter",
                    "meter: the line's usage goes to another meter; it must be the line's own");
  }
  return check_use(*found.subscription, *found.line, record.time);
}

const Resolver::LineInUse& Resolver::line_of(const UsageRecord& record) {
  const std::int64_t number = record.line.value_or(0);  // no line has the number 0
  const std::hash<std::string_view> hash_of;
  const std::size_t hash =
      (hash_of(record.org) * 31 + hash_of(record.subscription)) * 31 + static_cast<std::size_t>(number);
  LineInUse& remembered = remembered_lines_[hash % remembered_lines_.size()];
  if (remembered.org == record.org && remembered.subscription_id == record.subscription &&
      remembered.number == number) {
    return remembered;
  }
  const Subscription* subscription = account_.empty() ? snapshot_->subscription_seen_by(record.org, record.subscription)
                                                      : snapshot_->subscription(account_, record.subscription);
  remembered = {record.org, record.subscription, number, subscription,
                subscription == nullptr ? nullptr : subscription->line(number)};
  return remembered;
}

Resolver::Verdict Resolver::verdict_of(std::string_view org, std::string_view meter) {
  const std::size_t hash = std::hash<std::string_view>{}(org) * 31 + std::hash<std::string_view>{}(meter);
  Remembered& remembered = remembered_[hash % remembered_.size()];
  if (remembered.org != org || remembered.meter != meter) remembered = {org, meter, look_up(org, meter)};
  return remembered.verdict;
}

Resolver::Verdict Resolver::look_up(std::string_view org_id, std::string_view meter_id) const {
  const Org* org = snapshot_->org(org_id);
  if (org == nullptr || !snapshot_->may_know(principal_, org_id)) return Verdict::unknown_org;
  if (org->status_on(today_) == OrgStatus::deleted) return Verdict::unknown_org;
  if (!snapshot_->allows(principal_, Role::ingester, org_id)) return Verdict::out_of_scope;
  if (snapshot_->region_of(org_id) != own_region_) return Verdict::wrong_region;
  const Meter* meter = snapshot_->meter(org_id, meter_id);
  if (meter == nullptr) return Verdict::unknown_meter;
  return meter->is_made_by_server() ? Verdict::made_by_server : Verdict::ok;
}

}  // namespace meterport::intake
