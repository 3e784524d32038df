// /v1/regions: the servers that own the usage of other orgs, and whether they answer.
#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

using regions::RegionStatus;

constexpr std::int64_t us_per_ms = 1'000;

void append_region(JsonWriter& out, const RegionStatus& region) {
  out.begin_object().field("name", region.name).field("own", region.is_own);
  field_or_null(out, "url", region.url);
  field_or_null(out, "key", region.key);
  out.field("orgs", region.orgs).field("reachable", region.is_reachable);
  field_or_null(out, "problem", region.problem);
  field_or_null(out, "looked_at", region.looked);
  field_or_null(out, "answered_at", region.answered);
  region.answered ? out.field("clock_offset_ms", region.clock_offset_us / us_per_ms)
                  : out.null_field("clock_offset_ms");
  if (region.is_own || !region.is_home) {
    out.null_field("replica").end_object();
    return;
  }
  out.key("replica").begin_object().field("position", region.replica_position);
  field_or_null(out, "checked_at", region.replica_checked);
  out.end_object().end_object();
}

Answer answer_of(const Result<std::vector<RegionStatus>>& regions) {
  if (!regions) return fail(regions);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("regions").begin_array();
  for (const RegionStatus& region : *regions) append_region(out, region);
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace

Answer list_regions(Context& context, const Call& call) {
  return answer_of(context.services.regions.list(call.principal));
}

Answer check_regions(Context& context, const Call& call) {
  return answer_of(context.services.regions.check(call.principal, {}));
}

Answer check_region(Context& context, const Call& call) {
  return answer_of(context.services.regions.check(call.principal, call.path_value("name")));
}

}  // namespace meterport::api
