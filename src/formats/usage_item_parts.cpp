// The members of a usage record that are objects: short forms, parts, run and properties (crosswalk 1.1).
#include <algorithm>
#include <array>

#include "formats/usage_fields.h"
#include "formats/usage_item.h"

namespace meterport::formats {

std::string pointer_part(std::string_view name) {
  std::string part;
  for (const char c : name) {
    if (c == '~') {
      part += "~0";
    } else if (c == '/') {
      part += "~1";
    } else {
      part += c;
    }
  }
  return part;
}

template <class ReadMember>
bool UsageItemReader::read_object(Value& value, ReadMember&& read_member) {
  ondemand::object object;
  if (const auto code = value.get_object().get(object); code != simdjson::SUCCESS) return walk_.fail(code);
  std::uint32_t seen = 0;
  for (auto field : object) {
    std::string_view name;
    if (!walk_.key(field, name)) return false;
    ondemand::value member;
    if (const auto code = field.value().get(member); code != simdjson::SUCCESS) return walk_.fail(code);
    if (!read_member(name, member, seen)) return false;
  }
  return true;
}

bool UsageItemReader::read_texts(const char* pointer, Value& value, std::span<const TextMember> members,
                                 std::string_view& short_form) {
  std::string_view token;
  const JsonType type = walk_.peek(value, token);
  if (type == JsonType::broken) return false;
  if (type == JsonType::null) return true;
  if (type == JsonType::text) return walk_.text(token, short_form);
  if (type != JsonType::object) return refuse_type(pointer, value, type, "an object or a text");
  return read_object(value, [&](std::string_view name, Value& member, std::uint32_t& seen) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i].name != name) continue;
      const std::uint32_t bit = std::uint32_t{1} << i;
      if ((seen & bit) != 0) {
        refuse_duplicate(pointer, name);
        return walk_.skip(member);
      }
      seen |= bit;
      return read_text(members[i].pointer, member, *members[i].target);
    }
    return refuse_unknown(pointer, name, member);
  });
}

bool UsageItemReader::read_asset(Value& value) {
  Asset& a = record().asset;
  const std::array<TextMember, 2> members = {{{"name", "/asset/name", &a.name}, {"type", "/asset/type", &a.type}}};
  return read_texts("/asset", value, members, a.name);
}

bool UsageItemReader::read_environment(Value& value) {
  Environment& e = record().environment;
  const std::array<TextMember, 3> members = {{{"id", "/environment/id", &e.id},
                                              {"name", "/environment/name", &e.name},
                                              {"type", "/environment/type", &e.type}}};
  return read_texts("/environment", value, members, e.name);
}

bool UsageItemReader::read_resource(Value& value) {
  Resource& r = record().resource;
  const std::array<TextMember, 2> members = {{{"id", "/resource/id", &r.id}, {"name", "/resource/name", &r.name}}};
  return read_texts("/resource", value, members, r.id);
}

bool UsageItemReader::read_task(Value& value) {
  Task& t = record().task;
  const std::array<TextMember, 4> members = {{{"id", "/task/id", &t.id},
                                              {"name", "/task/name", &t.name},
                                              {"object", "/task/object", &t.object},
                                              {"type", "/task/type", &t.type}}};
  return read_texts("/task", value, members, t.id);
}

bool UsageItemReader::read_app(Value& value) {
  App& a = record().app;
  const std::array<TextMember, 3> members = {
      {{"id", "/app/id", &a.id}, {"name", "/app/name", &a.name}, {"hrn", "/app/hrn", &a.hrn}}};
  return read_texts("/app", value, members, a.id);
}

bool UsageItemReader::read_run(Value& value) {
  std::string_view token;
  const JsonType type = walk_.peek(value, token);
  if (type == JsonType::broken) return false;
  if (type == JsonType::null) return true;
  if (type == JsonType::text) return walk_.text(token, record().run.id);
  if (type != JsonType::object) return refuse_type("/run", value, type, "an object or a text");
  return read_object(value, [&](std::string_view name, Value& member, std::uint32_t& seen) {
    const std::size_t found = find_name(run_member_names, name);
    if (found == no_field) return refuse_unknown("/run", name, member);
    const std::uint32_t bit = std::uint32_t{1} << found;
    if ((seen & bit) != 0) {
      refuse_duplicate("/run", name);
      return walk_.skip(member);
    }
    seen |= bit;
    return read_run_member(found, member);
  });
}

bool UsageItemReader::read_run_member(std::size_t member, Value& value) {
  Run& run = record().run;
  switch (member) {
    case find_name(run_member_names, "id"):
      return read_text("/run/id", value, run.id);
    case find_name(run_member_names, "start"):
      return read_instant("/run/start", value, run.start);
    case find_name(run_member_names, "end"):
      return read_instant("/run/end", value, run.end);
    case find_name(run_member_names, "status"):
      return read_text("/run/status", value, run.status);
    case find_name(run_member_names, "cores"):
      return read_decimal("/run/cores", value, run.cores);
    case find_name(run_member_names, "audit_time"):
      return read_instant("/run/audit_time", value, run.audit_time);
    case find_name(run_member_names, "execution_type"):
      return read_text("/run/execution_type", value, run.execution_type);
    case find_name(run_member_names, "invoked_by"):
      return read_text("/run/invoked_by", value, run.invoked_by);
    case find_name(run_member_names, "count"):
      return read_integer("/run/count", value, 0, run.count);
    default:
      return walk_.fail("an unknown member of run was looked up");
  }
}

bool UsageItemReader::read_properties(Value& value) {
  std::string_view token;
  const JsonType type = walk_.peek(value, token);
  if (type == JsonType::broken) return false;
  if (type == JsonType::null) return true;
  if (type != JsonType::object) return refuse_type("/properties", value, type, "an object");
  const bool is_json = read_object(
      value, [&](std::string_view name, Value& member, std::uint32_t&) { return read_property(name, member); });
  std::vector<Property>& properties = record().properties;
  std::ranges::sort(properties, {}, &Property::name);
  const auto twice = std::ranges::adjacent_find(properties, {}, &Property::name);
  if (twice != properties.end()) refuse_duplicate("/properties", twice->name);
  return is_json;
}

}  // namespace meterport::formats
