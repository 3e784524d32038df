#include "exports/billed_spec_json.h"

#include <charconv>

#include "base/json_writer.h"
#include "catalog/json_tree.h"

namespace meterport::exports {
namespace {

using catalog::JsonValue;

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

/// Reads members that may be missing only in JSON that is not of this unit: they keep their default.
class Reader {
 public:
  explicit Reader(const JsonValue& value) : value_(value) {}
  void read(std::string_view name, std::string& out) const {
    if (const JsonValue* found = value_.find(name)) out = found->text;
  }
  void read(std::string_view name, bool& out) const {
    if (const JsonValue* found = value_.find(name)) out = found->boolean;
  }
  void read(std::string_view name, std::vector<std::string>& out) const {
    const JsonValue* found = value_.find(name);
    if (found == nullptr) return;
    for (const JsonValue& item : found->items) out.push_back(item.text);
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    std::string out;
    read(name, out);
    return out;
  }

 private:
  const JsonValue& value_;
};

}  // namespace

std::string billed_spec_json(const BilledUsageSpec& spec) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_texts(json, "orgs", spec.orgs);
  json.field("window", to_string(spec.window)).field("by_app", spec.by_app).field("by_project", spec.by_project);
  json.field("by_billing_tag", spec.by_billing_tag).field("feature_id", spec.feature_id).field("app", spec.app);
  json.field("billing_tag", spec.billing_tag).field("category", spec.category).field("project", spec.project);
  write_texts(json, "subscriptions", spec.subscriptions);
  json.field("charge_type", to_string(spec.charge_type));
  write_texts(json, "fields", spec.fields);
  json.field("with_extra_columns", spec.with_extra_columns).field("with_org_name", spec.with_org_name);
  json.field("rows_max", spec.rows_max).end_object();
  return out;
}

Result<BilledUsageSpec> parse_billed_spec(std::string_view json) {
  const auto tree = catalog::parse_json(json);
  if (!tree) return fail(tree);
  const Reader reader(*tree);
  BilledUsageSpec spec;
  reader.read("orgs", spec.orgs);
  reader.read("by_app", spec.by_app);
  reader.read("by_project", spec.by_project);
  reader.read("by_billing_tag", spec.by_billing_tag);
  reader.read("feature_id", spec.feature_id);
  reader.read("app", spec.app);
  reader.read("billing_tag", spec.billing_tag);
  reader.read("category", spec.category);
  reader.read("project", spec.project);
  reader.read("subscriptions", spec.subscriptions);
  reader.read("fields", spec.fields);
  reader.read("with_extra_columns", spec.with_extra_columns);
  reader.read("with_org_name", spec.with_org_name);
  const auto window = parse_window(reader.text("window"));
  const auto charge_type = parse_charge_type(reader.text("charge_type"));
  const std::string rows_max = reader.text("rows_max");
  const char* const end = rows_max.data() + rows_max.size();
  const auto number = std::from_chars(rows_max.data(), end, spec.rows_max);
  if (!window || !charge_type || number.ec != std::errc() || number.ptr != end) {
    return fail(ErrorKind::invalid, "An export's stored spec cannot be read.", std::string(json));
  }
  spec.window = *window;
  spec.charge_type = *charge_type;
  return spec;
}

}  // namespace meterport::exports
