#include <optional>

#include "base/json_writer.h"
#include "formats/usage_json.h"

namespace meterport::formats {
namespace {

void put(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.field(name, text);
}

void put(JsonWriter& json, std::string_view name, const std::optional<Instant>& time) {
  if (time) json.field(name, std::string_view(format_rfc3339(*time)));
}

void put(JsonWriter& json, std::string_view name, const std::optional<std::int64_t>& number) {
  if (number) json.field(name, *number);
}

bool is_empty(const Run& run) {
  return run.id.empty() && !run.start && !run.end && run.status.empty() && !run.cores && !run.audit_time &&
         run.execution_type.empty() && run.invoked_by.empty() && !run.count;
}

void put_run(JsonWriter& json, const Run& run) {
  if (is_empty(run)) return;
  json.key("run").begin_object();
  put(json, "id", run.id);
  put(json, "start", run.start);
  put(json, "end", run.end);
  put(json, "status", run.status);
  if (run.cores) json.field("cores", std::string_view(run.cores->to_text()));
  put(json, "audit_time", run.audit_time);
  put(json, "execution_type", run.execution_type);
  put(json, "invoked_by", run.invoked_by);
  put(json, "count", run.count);
  json.end_object();
}

struct Part {
  std::string_view name, text;
};

void put_object(JsonWriter& json, std::string_view name, std::initializer_list<Part> parts) {
  bool is_open = false;
  for (const Part& part : parts) {
    if (part.text.empty()) continue;
    if (!is_open) json.key(name).begin_object();
    is_open = true;
    json.field(part.name, part.text);
  }
  if (is_open) json.end_object();
}

}  // namespace

void append_usage_json(std::string& out, const UsageRecord& r) {
  JsonWriter json(out);
  json.begin_object();
  put(json, "org", r.org);
  put(json, "meter", r.meter);
  json.field("time", std::string_view(format_rfc3339(r.time)));
  json.field("quantity", std::string_view(r.quantity.to_text()));
  put(json, "id", r.id);
  put(json, "source", r.source);
  put(json, "project", r.project);
  put(json, "folder", r.folder);
  put_object(json, "asset", {{"name", r.asset.name}, {"type", r.asset.type}});
  put_object(json, "environment",
             {{"id", r.environment.id}, {"name", r.environment.name}, {"type", r.environment.type}});
  put_object(json, "resource", {{"id", r.resource.id}, {"name", r.resource.name}});
  put(json, "subscription", r.subscription);
  put(json, "line", r.line);
  put_object(json, "task",
             {{"id", r.task.id}, {"name", r.task.name}, {"object", r.task.object}, {"type", r.task.type}});
  put_run(json, r.run);
  put(json, "user", r.user);
  put_object(json, "app", {{"id", r.app.id}, {"name", r.app.name}, {"hrn", r.app.hrn}});
  put(json, "billing_tag", r.billing_tag);
  put(json, "channel", r.channel);
  put(json, "category", r.category);
  put(json, "memo", r.memo);
  if (!r.properties.empty()) {
    json.key("properties").begin_object();
    for (const Property& property : r.properties) json.key(property.name).raw(property.json);
    json.end_object();
  }
  json.end_object();
}

}  // namespace meterport::formats
