// /v1/deliveries: what became of callbacks and mails, and what receivers verify them with.
#include <optional>
#include <utility>

#include "dialects/meterport/auth.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

using delivery::Delivery;

constexpr std::size_t page_size_default = 50;
constexpr std::int64_t us_per_ms = 1'000;

void status_or_null(JsonWriter& out, std::string_view name, int status) {
  status == 0 ? out.null_field(name) : out.field(name, status);
}

void append_delivery(JsonWriter& out, const Delivery& delivery) {
  out.begin_object().field("id", delivery.id).field("kind", delivery.is_mail ? "mail" : "callback");
  out.field("state", delivery.state).field("job", delivery.job_id).field("org", delivery.org);
  out.field("url", delivery.url).field("attempts_made", delivery.attempts);
  out.field("created_at", format_rfc3339(delivery.created));
  field_or_null(out, "next_attempt_at",
                delivery.state == "pending" ? std::optional(delivery.next_attempt) : std::nullopt);
  status_or_null(out, "last_status", delivery.last_status);
  field_or_null(out, "last_error", delivery.last_error);
  out.key("links").begin_object().field("self", "/v1/deliveries/" + delivery.id);
  out.field("job", "/v1/exports/" + delivery.job_id).end_object().end_object();
}

}  // namespace

Answer list_deliveries(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, page_size_default);
  if (!page_size) return fail(page_size);
  const auto page = context.services.deliveries.list(call.principal, {.org = call.query("org"),
                                                                      .job = call.query("job"),
                                                                      .state = call.query("state"),
                                                                      .page_size = *page_size,
                                                                      .page_token = call.query("page_token")});
  if (!page) return fail(page);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("deliveries").begin_array();
  for (const Delivery& delivery : page->deliveries) append_delivery(out, delivery);
  out.end_array().field("next_page_token", page->next_page_token).end_object();
  return http::Response::json(200, std::move(body));
}

Answer get_delivery(Context& context, const Call& call) {
  const auto history = context.services.deliveries.get(call.principal, call.path_value("id"));
  if (!history) return fail(history);
  std::string body;
  JsonWriter out(body);
  out.begin_object().key("delivery");
  append_delivery(out, history->delivery);
  out.key("attempts").begin_array();
  for (const delivery::Attempt& attempt : history->attempts) {
    out.begin_object().field("number", attempt.number).field("began_at", format_rfc3339(attempt.began));
    out.field("took_ms", attempt.took_us / us_per_ms);
    status_or_null(out, "status", attempt.status);
    field_or_null(out, "error", attempt.error);
    out.end_object();
  }
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

Answer retry_delivery(Context& context, const Call& call) {
  const auto delivery = context.services.deliveries.retry(call.principal, call.path_value("id"));
  if (!delivery) return fail(delivery);
  std::string body;
  JsonWriter out(body);
  append_delivery(out, *delivery);
  return http::Response::json(200, std::move(body));
}

Answer get_delivery_keys(Context& context, const Call& call) {
  const auto org = org_or_default(*context.services.catalog.current(), call.principal, call.query("org"));
  if (!org) return fail(org);
  const auto keys = context.services.deliveries.keys(call.principal, *org);
  if (!keys) return fail(keys);
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("org", *org).field("secret", keys->secret).field("public_key", keys->public_key);
  out.end_object();
  auto response = http::Response::json(200, std::move(body));
  response.with_header("Cache-Control", "no-store");  // it holds a secret
  return response;
}

}  // namespace meterport::api
