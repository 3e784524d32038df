#include "dialects/here/report_echo.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "dialects/here/dates.h"
#include "dialects/here/here_error.h"

namespace meterport::here {
namespace {

using nlohmann::json;

struct Member {
  const char* name;
  std::string ReportEcho::* value;
};
/// Those that are echoed when given, in the order they are printed.
constexpr Member optional_members[] = {{"featureId", &ReportEcho::feature_id}, {"appId", &ReportEcho::app_id},
                                       {"channelId", &ReportEcho::channel_id}, {"chargeType", &ReportEcho::charge_type},
                                       {"projectId", &ReportEcho::project_id}, {"billingTag", &ReportEcho::billing_tag},
                                       {"category", &ReportEcho::category},    {"detail", &ReportEcho::detail},
                                       {"groupBy", &ReportEcho::group_by}};
constexpr Member own_members[] = {{"origin", &ReportEcho::origin},     {"askedRealm", &ReportEcho::asked_realm},
                                  {"realm", &ReportEcho::realm},       {"startDate", &ReportEcho::start_date},
                                  {"endDate", &ReportEcho::end_date},  {"emailId", &ReportEcho::email},
                                  {"username", &ReportEcho::user_name}};

std::vector<std::string> texts_of(const json& array) {
  std::vector<std::string> texts;
  for (const json& item : array) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

/// What is kept with a report is no longer than the list of its orgs.
std::vector<std::string> without_repeats(std::vector<std::string> texts) {
  std::set<std::string> known;
  std::erase_if(texts, [&](const std::string& text) { return !known.insert(text).second; });
  return texts;
}

void append_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

std::unexpected<Error> bad_body(ErrorKind kind, std::string text) {
  return fail(kind, std::move(text), {}, std::string(body_field));
}

}  // namespace

std::string to_note(const ReportEcho& echo) {
  json note;
  for (const Member& member : own_members) note[member.name] = echo.*member.value;
  for (const Member& member : optional_members) {
    if (!(echo.*member.value).empty()) note[member.name] = echo.*member.value;
  }
  if (!echo.usage_fields.empty()) note["usageFields"] = echo.usage_fields;
  if (echo.sub_accounts) note["subAccounts"] = *echo.sub_accounts;
  return note.dump(-1, ' ', false, json::error_handler_t::replace);
}

ReportEcho echo_of(const exports::Job& job) {
  ReportEcho echo;
  const json note = json::parse(job.note.json, nullptr, false);
  if (!note.is_object()) return echo;
  const auto read = [&](const Member& member) {
    const auto found = note.find(member.name);
    if (found != note.end() && found->is_string()) echo.*member.value = found->get<std::string>();
  };
  std::ranges::for_each(own_members, read);
  std::ranges::for_each(optional_members, read);
  if (const auto found = note.find("usageFields"); found != note.end()) echo.usage_fields = texts_of(*found);
  if (const auto found = note.find("subAccounts"); found != note.end()) echo.sub_accounts = texts_of(*found);
  return echo;
}

void append_parameters(JsonWriter& out, const ReportEcho& echo, bool has_quoted_dates) {
  out.begin_object().field("realm", echo.realm);
  out.field("startDate", reprint_date(echo.start_date, has_quoted_dates));
  out.field("endDate", reprint_date(echo.end_date, has_quoted_dates));
  out.field("emailId", echo.email).field("username", echo.user_name);
  for (const Member& member : optional_members) {
    if (const std::string& value = echo.*member.value; !value.empty()) out.field(member.name, value);
  }
  if (!echo.usage_fields.empty()) append_texts(out, "usageFields", echo.usage_fields);
  if (echo.sub_accounts) append_texts(out, "subAccounts", *echo.sub_accounts);
  out.end_object();
}

Result<std::optional<std::vector<std::string>>> read_sub_accounts(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::optional<std::vector<std::string>>();
  const json document = json::parse(body, nullptr, false);
  if (document.is_discarded()) return bad_body(ErrorKind::malformed, "The request body is not valid JSON.");
  if (!document.is_object()) return bad_body(ErrorKind::malformed, "The request body must be a JSON object.");
  const auto found = document.find("subAccounts");
  if (found == document.end()) return bad_body(ErrorKind::invalid, "subAccounts is missing.");
  const bool is_list =
      found->is_array() && std::ranges::all_of(*found, [](const json& item) { return item.is_string(); });
  if (!is_list) return bad_body(ErrorKind::invalid, "subAccounts must be an array of organization ids.");
  return without_repeats(texts_of(*found));
}

}  // namespace meterport::here
