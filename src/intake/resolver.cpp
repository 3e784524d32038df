#include "intake/resolver.h"

#include <functional>

namespace meterport::intake {
namespace {

constexpr std::size_t key_text_bytes_max = 1024;
// One text for all three causes: what is not yours answers like what does not exist (crosswalk 3.3).
constexpr std::string_view not_found_text = "org, meter: no such org and meter in your scope";

RecordError error_of(RecordErrorCode code, std::string_view pointer, std::string_view text) {
  return {code, std::string(pointer), std::string(text)};
}

}  // namespace

Resolver::Resolver(catalog::SnapshotPtr snapshot, const Principal& principal, std::string_view default_source,
                   Day today, bool is_wire)
    : snapshot_(std::move(snapshot)),
      principal_(principal),
      default_source_(default_source),
      today_(today),
      is_wire_(is_wire) {}

std::optional<RecordError> Resolver::check(UsageRecord& record) {
  if (record.source.empty()) record.source = default_source_;
  if (std::optional<RecordError> error = check_texts(record)) return error;
  switch (verdict_of(record.org, record.meter)) {
    case Verdict::ok:
      return std::nullopt;
    case Verdict::unknown_org:
      return error_of(RecordErrorCode::unknown_org, "/org", not_found_text);
    case Verdict::out_of_scope:
      return error_of(RecordErrorCode::out_of_scope, "/org", not_found_text);
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
  const Meter* meter = snapshot_->meter(org_id, meter_id);
  if (meter == nullptr) return Verdict::unknown_meter;
  return meter->is_made_by_server() ? Verdict::made_by_server : Verdict::ok;
}

}  // namespace meterport::intake
