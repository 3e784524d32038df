// /v1/operations, and POST /v1/usage with `Prefer: respond-async`: submissions that are settled later.
#include <fmt/format.h>

#include <utility>

#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"
#include "dialects/meterport/usage_body.h"
#include "intake/operations/usage_kinds.h"

namespace meterport::api {
namespace {

using intake::Operation;
using intake::OperationId;

constexpr std::size_t page_size_default = 50;
constexpr std::uint64_t id_max = std::uint64_t{1} << 62;

void append_operation(JsonWriter& out, const Operation& operation) {
  const intake::ItemCounts& counts = operation.counts;
  out.begin_object().field("id", operation.id).field("kind", operation.kind).field("state", to_string(operation.state));
  field_or_null(out, "error", operation.error);
  out.field("org", operation.org).field("sender", operation.sender.name);
  out.field("items", operation.items).field("settled", counts.all());
  out.field("stored", counts.stored).field("duplicates", counts.duplicates);
  out.field("conflicts", counts.conflicts).field("rejected", counts.rejected);
  out.field("created_at", format_rfc3339(operation.created));
  field_or_null(out, "finished_at", operation.finished);
  out.key("links").begin_object().field("self", fmt::format("/v1/operations/{}", operation.id));
  out.field("results", fmt::format("/v1/operations/{}/results", operation.id)).end_object().end_object();
}

http::Response operation_response(int status, const Operation& operation) {
  std::string body;
  JsonWriter out(body);
  append_operation(out, operation);
  return http::Response::json(status, std::move(body));
}

/// What is no number cannot be the id of an operation.
Result<OperationId> id_of(const Call& call) {
  const auto id = parse_count(call.path_value("id"), "id", id_max);
  if (!id) return fail(ErrorKind::not_found, "There is no such operation.");
  return static_cast<OperationId>(*id);
}

Result<intake::NewOperation> read_operation(const Settings& settings, UsageBody body) {
  const auto items_max = static_cast<std::size_t>(settings.number("operations.items_max"));
  intake::NewOperation made;
  made.channel = "v1";
  made.body = std::move(body.text);
  if (body.is_lines) {
    made.kind = intake::usage_ndjson_kind;
    auto lines = intake::line_ranges(made.body, items_max);
    if (!lines) return fail(std::move(lines));
    made.items = std::move(*lines);
    return made;
  }
  made.kind = intake::usage_json_kind;
  auto outline = formats::outline_json(made.body, "", items_max);
  if (!outline) return fail(std::move(outline));
  made.items = std::move(outline->items);
  if (outline->value.front() == '{') {
    const auto begin = static_cast<std::uint64_t>(outline->value.data() - made.body.data());
    made.items = {{begin, static_cast<std::uint32_t>(outline->value.size())}};
  }
  return made;
}

void append_outcome(JsonWriter& out, const intake::ItemOutcome& outcome) {
  out.begin_object().field("index", outcome.index).field("status", to_string(outcome.state));
  if (outcome.position != 0) out.field("position", outcome.position);
  const bool has_error = outcome.state == intake::ItemState::rejected || outcome.state == intake::ItemState::conflict;
  if (has_error) {
    out.key("error").begin_object().field("code", to_string(outcome.code));
    out.field("pointer", outcome.pointer).field("text", outcome.text).end_object();
  }
  out.end_object();
}

constexpr std::string_view statuses = "stored, duplicate, conflict, rejected";

Status check_status(const std::string& status) {
  for (const auto state : {intake::ItemState::stored, intake::ItemState::duplicate, intake::ItemState::conflict,
                           intake::ItemState::rejected}) {
    if (status.empty() || status == to_string(state)) return {};
  }
  return fail(ErrorKind::invalid, fmt::format("status: \"{}\" is none of {}", status, statuses), {}, "status");
}

}  // namespace

Answer post_usage_async(Context& context, Call& call) {
  auto body = read_usage_body(context.services.settings, call.request);
  if (!body) return fail(std::move(body));
  auto operation = read_operation(context.services.settings, std::move(*body));
  if (!operation) return fail(std::move(operation));
  Principal sender = call.principal;
  if (sender.default_source.empty()) sender.default_source = sender.name;
  operation->org = sender.org;
  const auto made = context.services.operations.create(sender, std::move(*operation));
  if (!made) return fail(made);
  auto response = operation_response(202, *made);
  response.with_header("Location", fmt::format("/v1/operations/{}", made->id));
  response.with_header("Preference-Applied", "respond-async");
  return response;
}

Answer list_operations(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, page_size_default);
  if (!page_size) return fail(page_size);
  const auto before = call.query("page_token").empty() ? Result<std::uint64_t>(0)
                                                       : parse_count(call.query("page_token"), "page_token", id_max);
  if (!before) return fail(before);
  auto operations = context.services.operations.page(call.principal, static_cast<OperationId>(*before), *page_size + 1);
  if (!operations) return fail(std::move(operations));
  const bool has_more = operations->size() > *page_size;
  if (has_more) operations->resize(*page_size);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("operations").begin_array();
  for (const Operation& operation : *operations) append_operation(out, operation);
  out.end_array().field("next_page_token", has_more ? std::to_string(operations->back().id) : "").end_object();
  return http::Response::json(200, std::move(body));
}

Answer get_operation(Context& context, const Call& call) {
  const auto id = id_of(call);
  if (!id) return fail(id);
  const auto operation = context.services.operations.get(call.principal, *id);
  if (!operation) return fail(operation);
  return operation_response(200, *operation);
}

Answer list_operation_results(Context& context, const Call& call) {
  const auto id = id_of(call);
  if (!id) return fail(id);
  const auto page_size = page_size_of(call, page_size_default);
  if (!page_size) return fail(page_size);
  const std::string token = call.query("page_token"), status = call.query("status");
  const auto first = token.empty() ? Result<std::uint64_t>(0) : parse_count(token, "page_token", id_max);
  if (!first) return fail(first);
  if (auto known = check_status(status); !known) return fail(std::move(known));
  auto items = context.services.operations.items(call.principal, *id);
  if (!items) return fail(std::move(items));
  if (auto moved = (*items)->go_to(*first); !moved) return fail(std::move(moved));
  std::string body, next;
  JsonWriter out(body);
  out.begin_object().field("state", to_string((*items)->operation().state));
  out.key("results").begin_array();
  intake::ItemOutcome outcome;
  for (std::size_t count = 0;;) {
    const auto more = (*items)->next(outcome);
    if (!more) return fail(more);
    if (!*more) break;
    if (!status.empty() && status != to_string(outcome.state)) continue;
    if (count++ == *page_size) {
      next = std::to_string(outcome.index);
      break;
    }
    append_outcome(out, outcome);
  }
  out.end_array().field("next_page_token", next).end_object();
  return http::Response::json(200, std::move(body));
}

}  // namespace meterport::api
