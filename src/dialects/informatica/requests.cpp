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
constexpr std::int64_t long_range_days_max = 180;
// The vendor says 30, its own samples span 31 and real exports of 31 days 23:59:59 worked (section 4.4).
constexpr std::int64_t short_range_days_said = 30;
constexpr std::int64_t short_range_days_max = 31;

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

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// "TRUE"/"FALSE" in any case, or a JSON boolean.
Result<std::optional<bool>> optional_flag(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return std::optional<bool>();
  if (value->is_boolean()) return std::optional(value->get<bool>());
  if (value->is_string()) {
    const std::string text = lower(value->get<std::string>());
    if (text == "true" || text == "false") return std::optional(text == "true");
  }
  return fail(ErrorKind::invalid, fmt::format("{} must be TRUE or FALSE.", name), {}, name);
}

Result<std::optional<std::string>> optional_text(const json& object, const char* name) {
  const json* value = member(object, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return fail(ErrorKind::invalid, fmt::format("{} must be a string.", name), {}, name);
  return std::optional(value->get<std::string>());
}

/// A blank meter id counts as none (section 4.3).
Result<std::string> optional_meter(const json& object) {
  auto text = optional_text(object, "meterId");
  if (!text) return fail(std::move(text));
  const bool is_blank = !*text || std::ranges::all_of(**text, [](unsigned char c) { return std::isspace(c) != 0; });
  return is_blank ? std::string() : std::move(**text);
}

Result<ExportKind> required_job_type(const json& object) {
  auto text = required_text(object, "jobType");
  if (!text) return fail(std::move(text));
  if (*text == "SUMMARY") return ExportKind::summary;
  if (*text == "PROJECT_FOLDER") return ExportKind::project_folder;
  if (*text == "ASSET") return ExportKind::asset;
  return fail(ErrorKind::invalid, "jobType must be SUMMARY, PROJECT_FOLDER or ASSET.", {}, "jobType");
}

Status read_dates(const json& object, ExportRequest& request) {
  auto start = required_date(object, "startDate");
  if (!start) return fail(std::move(start));
  auto end = required_date(object, "endDate");
  if (!end) return fail(std::move(end));
  request.start = *start;
  request.end = *end;
  if (request.end >= request.start) return {};
  return fail(ErrorKind::invalid, "endDate must not be before startDate.", {}, "endDate");
}

/// The two resources whose rows are of orgs: which orgs, and in how many files.
Status read_scope(const json& object, Resource resource, ExportRequest& request) {
  if (resource == Resource::export_metering_data) {
    auto kind = required_job_type(object);
    if (!kind) return fail(std::move(kind));
    request.kind = *kind;
  }
  auto combined = optional_flag(object, "combinedMeterUsage");
  if (!combined) return fail(std::move(combined));
  request.combined = combined->value_or(false);
  request.all_linked = true;
  if (resource == Resource::export_metering_data) {
    auto all_linked = optional_flag(object, "allLinkedOrgs");
    if (!all_linked) return fail(std::move(all_linked));
    request.all_linked = all_linked->value_or(false);
  }
  if (request.kind != ExportKind::asset) return {};
  auto meter = optional_meter(object);
  if (!meter) return fail(std::move(meter));
  request.meter = std::move(*meter);
  return {};
}

/// Job-level: one meter, or allMeters TRUE; never both, never neither (section 4.3).
Status read_meter_choice(const json& object, ExportRequest& request) {
  request.kind = ExportKind::job_level;
  auto all_meters = optional_flag(object, "allMeters");
  if (!all_meters) return fail(std::move(all_meters));
  auto meter = optional_meter(object);
  if (!meter) return fail(std::move(meter));
  request.all_meters = *all_meters;
  request.meter = std::move(*meter);
  const bool wants_all = request.all_meters.value_or(false);
  if (wants_all != request.meter.empty()) {
    return fail(ErrorKind::invalid,
                wants_all ? "Send either meterId or allMeters TRUE, not both."
                          : "meterId is missing; it can be left out only when allMeters is TRUE.",
                {}, "meterId");
  }
  return {};
}

Status read_callback(const json& object, ExportRequest& request) {
  auto url = optional_text(object, "callbackUrl");
  if (!url) return fail(std::move(url));
  request.callback_url = std::move(*url);
  auto format = optional_text(object, "callbackFormat");
  if (!format) return fail(std::move(format));
  if (!*format) return {};
  const std::string word = lower(**format);
  if (word != "text" && word != "json") {
    return fail(ErrorKind::invalid, "callbackFormat must be TEXT or JSON.", {}, "callbackFormat");
  }
  request.callback_format = word == "json" ? CallbackFormat::json : CallbackFormat::text;
  return {};
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

Result<SessionQuestion> parse_session_question(std::string_view body) {
  auto object = parse_object(body);
  if (!object) return fail(std::move(object));
  auto token = required_text(*object, "icToken");
  if (!token) return fail(std::move(token));
  auto user_name = optional_text(*object, "userName");
  if (!user_name) return fail(std::move(user_name));
  return SessionQuestion{std::move(*token), std::move(*user_name)};
}

Result<ExportRequest> parse_export_request(std::string_view body, Resource resource) {
  auto object = parse_object(body);
  if (!object) return fail(std::move(object));
  ExportRequest request;
  if (auto read = read_dates(*object, request); !read) return fail(std::move(read));
  const bool is_job_level = resource == Resource::job_level;
  auto chosen = is_job_level ? read_meter_choice(*object, request) : read_scope(*object, resource, request);
  if (!chosen) return fail(std::move(chosen));
  if (auto read = read_callback(*object, request); !read) return fail(std::move(read));
  return request;
}

Status check_range(const ExportRequest& request) {
  const std::int64_t days = (request.end.us - request.start.us) / Instant::us_per_day;
  const bool is_short = request.kind == ExportKind::project_folder || request.kind == ExportKind::asset;
  if (days <= (is_short ? short_range_days_max : long_range_days_max)) return {};
  return fail(ErrorKind::range_too_long,
              fmt::format("The range from startDate to endDate can be a maximum of {} days.",
                          is_short ? short_range_days_said : long_range_days_max),
              {}, "endDate");
}

Period covered_period(const ExportRequest& request, const Settings& settings) {
  const Instant from = start_of(day_of(request.start));
  const bool is_midnight = start_of(day_of(request.end)) == request.end;
  if (is_midnight && request.end > from && settings.text("informatica.midnight_end") == "exclusive")
    return {from, request.end};
  return {from, start_of(day_of(request.end).plus(1))};
}

}  // namespace meterport::informatica
