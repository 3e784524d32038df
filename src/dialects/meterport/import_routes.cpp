// POST /v1/imports: the file as it is, whatever made it; the server reads it.
#include <fmt/format.h>

#include <utility>

#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"
#include "formats/compressed.h"

namespace meterport::api {
namespace {

Status check_format(std::string_view format) {
  if (format == "focus" || format == "ndjson") return {};
  if (format.empty()) return fail(ErrorKind::invalid, "format: is required: focus or ndjson", {}, "format");
  if (format == "cloudevents" || format == "csv") {
    return fail(ErrorKind::invalid,
                fmt::format("format: {} is not available in this version; focus and ndjson are", format), {}, "format");
  }
  return fail(ErrorKind::invalid, fmt::format("format: \"{}\" is none of focus, ndjson", format), {}, "format");
}

/// A packed file is often sent as it is, without Content-Encoding: its first bytes tell.
Result<std::string> plain_body(const Settings& settings, http::Request& request) {
  auto coding = formats::parse_coding(request.header("content-encoding"));
  if (!coding) return fail(coding);
  if (*coding == formats::Coding::identity) coding = formats::detect_coding(request.body);
  if (*coding == formats::Coding::identity) return std::move(request.body);
  const auto plain_bytes_max = static_cast<std::size_t>(settings.number("http.import_body_bytes_max"));
  return formats::decompress(*coding, request.body, plain_bytes_max);
}

void append_rejected(JsonWriter& out, const intake::RejectedRow& row) {
  out.begin_object()
      .field("line", std::uint64_t{row.line})
      .field("id", row.id)
      .field("charge_category", row.charge_category)
      .field("billed_cost", row.billed_cost)
      .field("currency", row.currency);
  out.key("error")
      .begin_object()
      .field("code", to_string(row.error.code))
      .field("pointer", row.error.pointer)
      .field("text", row.error.text)
      .end_object();
  // A row that is not UTF-8 can't stand in JSON: the file with the rejects then lacks it, its line number is there.
  out.field("row", is_utf8(row.row) ? std::string_view(row.row) : std::string_view()).end_object();
}

}  // namespace

std::string import_report_json(const intake::ImportReport& report) {
  std::string body;
  JsonWriter out(body);
  out.begin_object()
      .field("rows", report.rows)
      .field("stored", report.stored)
      .field("duplicates", report.duplicates)
      .field("conflicts", report.conflicts)
      .field("rejected", report.rejected)
      .field("orgs_made", report.orgs_made)
      .field("meters_made", report.meters_made)
      .field("position", std::uint64_t{report.last_position});
  out.key("rejected_rows").begin_array();
  for (const intake::RejectedRow& row : report.rejected_rows) append_rejected(out, row);
  out.end_array().key("rejected_billed_cost").begin_object();
  for (const auto& [currency, sum] : report.rejected_billed_cost) out.field(currency, sum);
  out.end_object().key("notices").begin_array();
  for (const std::string& notice : report.notices) out.string(notice);
  out.end_array().field("header", is_utf8(report.header) ? std::string_view(report.header) : std::string_view());
  out.end_object();
  return body;
}

Answer post_import(Context& context, Call& call) {
  const Services& services = context.services;
  const std::string format = call.query("format");
  const std::string into = call.query("into");
  if (auto status = check_format(format); !status) return fail(std::move(status));
  if (format != "focus" && !into.empty()) {
    return fail(ErrorKind::invalid, "into: only files of format focus are imported into an org", {}, "into");
  }
  auto bytes = plain_body(services.settings, call.request);
  if (!bytes) return fail(std::move(bytes));
  const auto report = format == "focus" ? intake::import_focus(services.intake, services.catalog, call.principal,
                                                               services.settings, std::move(*bytes), into, {})
                                        : intake::import_ndjson(services.intake, call.principal, services.settings,
                                                                std::move(*bytes), {});
  if (!report) return fail(report);
  return http::Response::json(200, import_report_json(*report));
}

}  // namespace meterport::api
