// /openapi.json: OpenAPI 3.1, made of the route table and the schemas.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/schemas.h"

namespace meterport::api {
namespace {

using http::Method;
using http::Route;

constexpr std::string_view about =
    "Usage metering and export. Times are RFC 3339 in UTC, quantities are exact decimals: strings or numbers in, "
    "strings "
    "out. Errors are application/problem+json (RFC 9457). Listings are paged by page_size, page_token and "
    "next_page_token.";

std::string lower_name(Method method) {
  std::string name(http::to_string(method));
  std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  return name;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// "GET /v1/exports/{id}/download" -> "get_exports_by_id_download".
std::string operation_id(const Route& route) {
  std::string id = lower_name(route.method);
  for (std::string_view part : split(route.path, '/')) {
    if (part == "v1") continue;
    id += part.starts_with('{') ? "_by_" : "_";
    for (const char c : part) {
      if (c != '{' && c != '}') id += c == '.' || c == '-' ? '_' : c;
    }
  }
  return id;
}

int success_status(const Route& route) {
  if (route.method != Method::post) return 200;
  if (route.path.starts_with("/v1/exports")) return 202;
  constexpr std::array<std::string_view, 5> makers = {"/v1/orgs", "/v1/meters", "/v1/subscriptions", "/v1/users",
                                                      "/v1/keys"};
  return std::ranges::find(makers, route.path) != makers.end() ? 201 : 200;
}

void append_content(JsonWriter& out, std::string_view schema_name) {
  const Schema* schema = find_schema(schema_name);
  out.key("content").begin_object();
  for (const std::string_view type : split(schema == nullptr ? "application/json" : schema->media_types, ',')) {
    out.key(type).begin_object().key("schema").begin_object();
    const bool is_json = type.ends_with("json") && !type.ends_with("ndjson");
    if (schema == nullptr) {
      out.field("type", "object");
    } else if (is_json) {
      out.field("$ref", fmt::format("#/components/schemas/{}", schema_name));
    } else {
      out.field("type", "string");
    }
    out.end_object().end_object();
  }
  out.end_object();
}

void append_parameters(JsonWriter& out, const Route& route) {
  out.key("parameters").begin_array();
  for (const std::string_view part : split(route.path, '/')) {
    if (!part.starts_with('{')) continue;
    out.begin_object().field("name", part.substr(1, part.size() - 2)).field("in", "path").field("required", true);
    out.key("schema").begin_object().field("type", "string").end_object().end_object();
  }
  for (const std::string_view parameter : route.doc.parameters) {
    const std::size_t colon = std::min(parameter.find(": "), parameter.size());
    const std::string_view text = parameter.substr(std::min(colon + 2, parameter.size()));
    out.begin_object().field("name", parameter.substr(0, colon)).field("in", "query").field("description", text);
    out.field("required", text.starts_with("required"));
    out.key("schema").begin_object().field("type", "string").end_object().end_object();
  }
  out.end_array();
}

void append_response(JsonWriter& out, std::string_view status, std::string_view description,
                     std::string_view schema_name) {
  out.key(status).begin_object().field("description", description);
  if (!schema_name.empty()) append_content(out, schema_name);
  out.end_object();
}

void append_operation(JsonWriter& out, const Route& route) {
  out.key(lower_name(route.method)).begin_object();
  out.field("operationId", operation_id(route)).field("summary", route.doc.summary);
  out.key("tags").begin_array().string(route.doc.tag).end_array();
  append_parameters(out, route);
  if (!route.doc.request_schema.empty()) {
    out.key("requestBody").begin_object().field("required", true);
    append_content(out, route.doc.request_schema);
    out.end_object();
  }
  out.key("responses").begin_object();
  append_response(out, std::to_string(success_status(route)), "done", route.doc.response_schema);
  if (route.doc.response_schema == "UsageResult") {
    append_response(out, "202", "with Prefer: respond-async: durable, settled later", "Operation");
  }
  if (route.doc.response_schema == "Artifact") {
    append_response(out, "206", "the bytes of the Range", "Artifact");
    append_response(out, "304", "not changed since the ETag of If-None-Match", "");
    append_response(out, "416", "the Range lies behind the end", "Problem");
  }
  if (route.doc.response_schema == "Readiness") append_response(out, "503", "not ready, and why", "Readiness");
  if (!route.doc.is_public) append_response(out, "401", "no identity, an unknown or an expired one", "Problem");
  append_response(out, "default", "refused or failed", "Problem");
  out.end_object();
  if (route.doc.is_public) out.key("security").begin_array().end_array();
  out.end_object();
}

void append_components(JsonWriter& out) {
  out.key("components").begin_object();
  out.key("securitySchemes").begin_object().key("bearer").begin_object();
  out.field("type", "http").field("scheme", "bearer").field("description", "an API key (mp_...) or a session id");
  out.end_object().end_object();
  out.key("schemas").begin_object();
  for (const auto schemas : {usage_schemas(), export_schemas(), delivery_schemas(), catalogue_schemas(),
                             identity_schemas(), region_schemas()}) {
    for (const Schema& schema : schemas) out.key(schema.name).raw(schema.json);
  }
  out.end_object().end_object();
}

}  // namespace

std::string openapi_json(const http::Router& router) {
  std::vector<std::string_view> paths, tags;
  for (const Route& route : router.routes()) {
    if (route.doc.summary.empty()) continue;
    if (std::ranges::find(paths, route.path) == paths.end()) paths.push_back(route.path);
    if (std::ranges::find(tags, route.doc.tag) == tags.end()) tags.push_back(route.doc.tag);
  }
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("openapi", "3.1.0");
  out.key("info").begin_object().field("title", "Meterport API").field("version", "1").field("description", about);
  out.key("license").begin_object().field("name", "Apache-2.0").field("identifier", "Apache-2.0").end_object();
  out.end_object();
  out.key("servers").begin_array().begin_object().field("url", "/").end_object().end_array();
  out.key("security").begin_array().begin_object().key("bearer").begin_array().end_array().end_object().end_array();
  out.key("tags").begin_array();
  for (const std::string_view tag : tags) out.begin_object().field("name", tag).end_object();
  out.end_array();
  out.key("paths").begin_object();
  for (const std::string_view path : paths) {
    out.key(path).begin_object();
    for (const Route& route : router.routes()) {
      if (route.path == path && !route.doc.summary.empty()) append_operation(out, route);
    }
    out.end_object();
  }
  out.end_object();
  append_components(out);
  out.end_object();
  return text;
}

}  // namespace meterport::api
