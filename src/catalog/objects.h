// Private to catalog: the objects of the catalogue file (crosswalk 2.2), read from and printed as JSON. Only the form
// of one object is judged here; what depends on other objects is in rules.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "catalog/object_reader.h"
#include "model/meter.h"
#include "model/organization.h"
#include "model/subscription.h"

namespace meterport::catalog {

/// Originals of ids that importers mapped: as long as an event id may be.
inline constexpr std::size_t alias_characters_max = 1024;

struct RecordedRegion {
  Region region;
  std::string json;
};

// Each reads one object; what it returns counts only if check.first is still empty. Defaults are filled in, dated
// entries are sorted, so that two ways to write the same object come out equal.
Org read_org(FormCheck& check, const JsonValue& value, const std::string& pointer);
Meter read_meter(FormCheck& check, const JsonValue& value, const std::string& pointer);
Subscription read_subscription(FormCheck& check, const JsonValue& value, const std::string& pointer);
RecordedRegion read_region(FormCheck& check, const JsonValue& value, const std::string& pointer);

// The meter's blocks of other wires; write_ adds the member to an open object.
HereNames read_here_block(FormCheck& check, const JsonValue& value, const std::string& pointer);
void write_here_block(JsonWriter& out, const HereNames& names);
BillingRule read_billing_block(FormCheck& check, const JsonValue& value, const std::string& pointer);
void write_billing_block(JsonWriter& out, const BillingRule& rule);
/// As normal JSON text.
std::string read_openmeter_block(FormCheck& check, const JsonValue& value, const std::string& pointer);
/// One text member of such a block ("" if it has none): for the rules on feature ids and slugs.
std::string block_text(std::string_view block_json, std::string_view member);

/// The default environment of an org kind, its default NetSuite fields.
std::string_view default_environment(OrgKind kind);
const std::vector<std::string>& default_usage_fields();

/// True when the IANA time zone database has a zone of that name.
bool is_time_zone(const std::string& name);

// Members that are left out when they hold nothing.
void text_field(JsonWriter& out, std::string_view name, std::string_view value);
void texts_field(JsonWriter& out, std::string_view name, const std::vector<std::string>& values);

}  // namespace meterport::catalog
