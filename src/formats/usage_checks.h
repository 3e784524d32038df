// Private to formats: the words of record errors, and the checks that do not depend on how a record came in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/usage_json.h"
#include "model/usage_record.h"

namespace meterport::formats {

/// What is allowed, said in one place for every reader.
inline constexpr std::string_view quantity_rule = "up to 18 digits before the point and 18 after it are allowed";
inline constexpr std::string_view time_rule = "an RFC 3339 time is required, like 2024-09-03T10:30:00Z";

/// The value as error texts show it: quoted, cut, controls escaped.
std::string shown(std::string_view value);
/// The code and text for a decimal that Decimal::parse refused. `field` begins the text.
RecordError decimal_error(DecimalError error, std::string pointer, std::string_view field, std::string_view value);

/// Calls `visit(pointer, text)` for every text of a record but `memo` and properties.
template <class Visit>
void for_each_text(const UsageRecord& r, Visit&& visit) {
  visit("/org", r.org);
  visit("/meter", r.meter);
  visit("/id", r.id);
  visit("/source", r.source);
  visit("/project", r.project);
  visit("/folder", r.folder);
  visit("/asset/name", r.asset.name);
  visit("/asset/type", r.asset.type);
  visit("/environment/id", r.environment.id);
  visit("/environment/name", r.environment.name);
  visit("/environment/type", r.environment.type);
  visit("/resource/id", r.resource.id);
  visit("/resource/name", r.resource.name);
  visit("/subscription", r.subscription);
  visit("/task/id", r.task.id);
  visit("/task/name", r.task.name);
  visit("/task/object", r.task.object);
  visit("/task/type", r.task.type);
  visit("/run/id", r.run.id);
  visit("/run/status", r.run.status);
  visit("/run/execution_type", r.run.execution_type);
  visit("/run/invoked_by", r.run.invoked_by);
  visit("/user", r.user);
  visit("/app/id", r.app.id);
  visit("/app/name", r.app.name);
  visit("/app/hrn", r.app.hrn);
  visit("/billing_tag", r.billing_tag);
  visit("/channel", r.channel);
  visit("/category", r.category);
}

}  // namespace meterport::formats
