#include "dialects/informatica/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"

namespace meterport::informatica {
namespace {

using nlohmann::json;

constexpr std::size_t credential_characters_max = 255;
constexpr std::int64_t summary_days_max = 180;
// The vendor says 30, its own samples span 31 and real exports of 31 days 23:59:59 worked (section 4.4).
constexpr std::int64_t project_folder_days_max = 31;

Result<json> parse_object(std::string_view body) {
  json parsed = json::parse(body, nullptr, false);
  if (parsed.is_discarded()) return fail(ErrorKind::malformed, "The request body is not valid JSON.");
  if (!parsed.is_object()) return fail(ErrorKind::malformed, "The request body must be a JSON object.");
  return parsed;
}

/// The member, or null for absent and null alike.
const json* member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> required_text(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return fail(ErrorKind::invalid, fmt::format("{} is missing.", name), {}, name);
  if (!value->is_string()) return fail(ErrorKind::invalid, fmt::format("{} must be a string.", name), {}, name);
  return value->get<std::string>();
}

/// Digits of a fraction beyond the sixth mean nothing here: the wire knows seconds.
std::string without_long_fraction(std::string text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) return text;
  auto end = dot + 1;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  if (end - dot > 7) text.erase(dot + 7, end - dot - 7);
  return text;
}

Result<Instant> required_date(const json& object, const char* name) {
  auto text = required_text(object, name);
  if (!text) return fail(std::move(text));
  auto instant = parse_instant(without_long_fraction(*text));
  if (!instant) {
    return fail(ErrorKind::invalid,
                fmt::format("{} is not a date in ISO 8601 format, for example 2022-08-12T00:00:00Z.", name), {}, name);
  }
  return floor_to_second(*instant);
}

/// "TRUE"/"FALSE" in any case, or a JSON boolean.
Result<bool> optional_flag(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  if (value->is_string()) {
    std::string text = value->get<std::string>();
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    if (text == "true") return true;
    if (text == "false") return false;
  }
  return fail(ErrorKind::invalid, fmt::format("{} must be TRUE or FALSE.", name), {}, name);
}

Result<ExportKind> required_job_type(const json& object) {
  auto text = required_text(object, "jobType");
  if (!text) return fail(std::move(text));
  if (*text == "SUMMARY") return ExportKind::summary;
  if (*text == "PROJECT_FOLDER") return ExportKind::project_folder;
  if (*text == "ASSET") {
    return fail(ErrorKind::invalid, "jobType ASSET is not available in this version; SUMMARY and PROJECT_FOLDER are.",
                {}, "jobType");
  }
  return fail(ErrorKind::invalid, "jobType must be SUMMARY, PROJECT_FOLDER or ASSET.", {}, "jobType");
}

Status check_range(const ExportRequest& request) {
  const std::int64_t days = (request.end.us - request.start.us) / Instant::us_per_day;
  const bool is_project = request.kind == ExportKind::project_folder;
  if (days <= (is_project ? project_folder_days_max : summary_days_max)) return {};
  return fail(ErrorKind::range_too_long,
              fmt::format("The range from startDate to endDate can be a maximum of {} days.", is_project ? 30 : 180),
              {}, "endDate");
}

}  // namespace

Result<Credentials> parse_credentials(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return fail(std::move(object));
  Credentials credentials;
  for (auto [name, target] :
       {std::pair{"username", &credentials.username}, std::pair{"password", &credentials.password}}) {
    auto text = required_text(*object, name);
    if (!text) return fail(std::move(text));
    if (text->empty() || utf8_characters(*text) > credential_characters_max) {
      return fail(ErrorKind::invalid, fmt::format("{} must have 1 to {} characters.", name, credential_characters_max),
                  {}, name);
    }
    *target = std::move(*text);
  }
  return credentials;
}

Result<ExportRequest> parse_export_request(std::string_view body, Resource resource) {
  auto object = parse_object(body);
  if (!object) return fail(std::move(object));
  if (resource == Resource::job_level) {
    return fail(
        ErrorKind::invalid,
        "Job-level exports are not available in this version; SUMMARY and PROJECT_FOLDER of ExportMeteringData are.");
  }
  ExportRequest request;
  auto start = required_date(*object, "startDate");
  if (!start) return fail(std::move(start));
  auto end = required_date(*object, "endDate");
  if (!end) return fail(std::move(end));
  request.start = *start;
  request.end = *end;
  if (request.end < request.start)
    return fail(ErrorKind::invalid, "endDate must not be before startDate.", {}, "endDate");
  if (resource == Resource::export_metering_data) {
    auto kind = required_job_type(*object);
    if (!kind) return fail(std::move(kind));
    request.kind = *kind;
  }
  auto combined = optional_flag(*object, "combinedMeterUsage");
  if (!combined) return fail(std::move(combined));
  request.combined = *combined;
  request.all_linked = true;
  if (resource == Resource::export_metering_data) {
    auto all_linked = optional_flag(*object, "allLinkedOrgs");
    if (!all_linked) return fail(std::move(all_linked));
    request.all_linked = *all_linked;
  }
  if (const json* url = member(*object, "callbackUrl")) {
    if (!url->is_string()) return fail(ErrorKind::invalid, "callbackUrl must be a string.", {}, "callbackUrl");
    request.callback_url = url->get<std::string>();
  }
  if (auto s = check_range(request); !s) return fail(std::move(s));
  return request;
}

Period covered_period(const ExportRequest& request, const Settings& settings) {
  const Instant from = start_of(day_of(request.start));
  const bool is_midnight = start_of(day_of(request.end)) == request.end;
  if (is_midnight && request.end > from && settings.text("informatica.midnight_end") == "exclusive")
    return {from, request.end};
  return {from, start_of(day_of(request.end).plus(1))};
}

}  // namespace meterport::informatica
