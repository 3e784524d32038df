#include "dialects/here/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

#include "base/json_writer.h"
#include "dialects/here/dates.h"
#include "model/charge_item.h"

namespace meterport::here {
namespace {

constexpr std::int64_t span_s_max = std::int64_t{95} * 24 * 3600;
constexpr std::uint64_t limit_max = 100;
constexpr std::size_t subscriptions_max = 20;
constexpr std::size_t report_id_min = 11, report_id_max = 30;
constexpr std::string_view report_prefix = "REPORT-";

constexpr std::array<std::string_view, 10> usage_field_names = {
    "realmId",       "featureId", "billingSubscriptionId", "billingChargeNumber",
    "category",      "name",      "valueDriver",           "usageValue",
    "billableValue", "resource"};
constexpr std::array<std::string_view, 3> channels = {"hot", "cold", "ds"};
constexpr std::array<std::string_view, 3> charge_types = {"all", "billable", "nonBillable"};
constexpr std::array<std::string_view, 4> detail_levels = {"summarized", "hour", "day", "month"};
constexpr std::array<std::string_view, 2> sorts = {"asc", "desc"};

std::unexpected<Error> refuse(std::string_view name, std::string_view rule) {
  return fail(ErrorKind::invalid, fmt::format("{}: {}", name, rule), {}, std::string(name));
}

/// A text parameter; empty: not sent.
Result<std::string> text(const http::Request& request, std::string_view name, std::size_t characters_max) {
  const std::string_view value = request.query_value(name).value_or("");
  if (!is_utf8(value)) return refuse(name, "must be UTF-8");
  if (utf8_characters(value) > characters_max) {
    return refuse(name, fmt::format("must not be longer than {} characters", characters_max));
  }
  return std::string(value);
}

/// One of those; not sent: empty.
Result<std::string> choice(const http::Request& request, std::string_view name,
                           std::span<const std::string_view> choices) {
  const auto value = request.query_value(name);
  if (!value || std::ranges::find(choices, *value) != choices.end()) return std::string(value.value_or(""));
  return refuse(name, fmt::format("must be one of {}", fmt::join(choices, ", ")));
}

/// A list as one text, whether it was sent with commas or by repeating the parameter.
Result<std::string> list_text(const http::Request& request, std::string_view name) {
  std::string joined;
  for (const auto& [known, value] : request.query) {
    if (known != name || value.empty()) continue;
    if (!joined.empty()) joined += ',';
    joined += value;
  }
  if (!is_utf8(joined)) return refuse(name, "must be UTF-8");
  return joined;
}

std::string_view trimmed(std::string_view value) {
  const auto first = value.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(' ') + 1 - first);
}

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (const auto item = trimmed(list.substr(0, comma)); !item.empty()) items.emplace_back(item);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

std::optional<std::uint64_t> whole_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Result<Instant> date(const http::Request& request, std::string_view name, DateOf which) {
  const auto value = request.query_value(name);
  if (!value || value->empty()) return refuse(name, "is missing");
  const auto instant = parse_date(*value, which);
  if (!instant) return refuse(name, "must be a date like 2021-07-01T10:39:51 (UTC)");
  return *instant;
}

/// Reads parameter by parameter into `query`; the first error stays.
class Reader {
 public:
  Reader(const http::Request& request, bool is_report) : request_(request), is_report_(is_report) {}

  Result<UsageQuery> read() {
    for (const auto step : {&Reader::dates, &Reader::texts, &Reader::words, &Reader::subscriptions, &Reader::group_by,
                            &Reader::usage_fields}) {
      if (auto fine = (this->*step)(); !fine) return fail(std::move(fine));
    }
    return std::move(query_);
  }

 private:
  Status dates() {
    const auto start = date(request_, "startDate", DateOf::start);
    if (!start) return fail(start);
    const auto end = date(request_, "endDate", DateOf::end);
    if (!end) return fail(end);
    if (*end < *start) return refuse("endDate", "must not be before startDate");
    if (end->us - start->us > span_s_max * Instant::us_per_second) {
      return fail(ErrorKind::range_too_long, "startDate and endDate must not be more than 95 days apart", {},
                  "endDate");
    }
    query_.start = *start;
    query_.end = *end;
    query_.period = covered_period(*start, *end);
    return {};
  }

  Status texts() {
    for (const auto& [name, target, characters_max] : {std::tuple("featureId", &query_.feature_id, std::size_t{256}),
                                                       std::tuple("appId", &query_.app_id, std::size_t{128}),
                                                       std::tuple("projectHrn", &query_.project_hrn, std::size_t{256}),
                                                       std::tuple("billingTag", &query_.billing_tag, std::size_t{500}),
                                                       std::tuple("category", &query_.category, std::size_t{128})}) {
      auto value = text(request_, name, characters_max);
      if (!value) return fail(std::move(value));
      *target = std::move(*value);
    }
    constexpr std::string_view app_id_rest = "-_";
    const bool is_app_id = std::ranges::all_of(query_.app_id, [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || app_id_rest.contains(c);
    });
    if (!is_app_id) return refuse("appId", "must be of letters, digits, - and _");
    query_.spec.feature_id = query_.feature_id;
    query_.spec.app = query_.app_id;
    query_.spec.project = query_.project_hrn;
    query_.spec.category = without_blanks(query_.category);
    // Tags are joined by '+', which a query may have turned into a blank.
    query_.spec.billing_tag = query_.billing_tag;
    std::ranges::replace(query_.spec.billing_tag, ' ', '+');
    return {};
  }

  Status words() {
    auto channel = choice(request_, "channelId", channels);
    if (!channel) return fail(std::move(channel));
    auto type = choice(request_, "chargeType", charge_types);
    if (!type) return fail(std::move(type));
    auto level = choice(request_, "detailLevel", detail_levels);
    if (!level) return fail(std::move(level));
    if (is_report_ && *level == "hour") return refuse("detailLevel", "hours are not available in reports");
    query_.channel_id = std::move(*channel);
    query_.charge_type = std::move(*type);
    query_.detail_level = std::move(*level);
    query_.spec.charge_type = parse_charge_type(query_.charge_type).value_or(ChargeType::all);
    query_.spec.window = parse_window(query_.detail_level).value_or(Window::none);
    return {};
  }

  Status subscriptions() {
    if (!request_.query_value("billingSubscriptionId")) return {};
    const auto list = list_text(request_, "billingSubscriptionId");
    if (!list) return fail(list);
    query_.spec.subscriptions = items_of(*list);
    const std::size_t count = query_.spec.subscriptions.size();
    if (count >= 1 && count <= subscriptions_max) return {};
    return refuse("billingSubscriptionId", fmt::format("must name 1 to {} subscriptions", subscriptions_max));
  }

  Status group_by() {
    auto list = list_text(request_, "groupBy");
    if (!list) return fail(std::move(list));
    if (utf8_characters(*list) > 256) return refuse("groupBy", "must not be longer than 256 characters");
    for (const std::string& name : items_of(*list)) {
      if (name == "appId") {
        query_.spec.by_app = true;
      } else if (name == "billingTag") {
        query_.spec.by_billing_tag = true;
      } else if (name == "project") {
        query_.spec.by_project = true;
      } else if (name != "featureId" && name != "billingSubscriptionId") {
        return refuse("groupBy", fmt::format("\"{}\" can't be grouped by", name));
      }
    }
    query_.group_by = std::move(*list);
    return {};
  }

  Status usage_fields() {
    const auto list = list_text(request_, "usageFields");
    if (!list) return fail(list);
    for (std::string& name : items_of(*list)) {
      if (std::ranges::find(usage_field_names, name) == usage_field_names.end()) {
        return refuse("usageFields", fmt::format("there is no field \"{}\"", name));
      }
      if (std::ranges::find(query_.spec.fields, name) != query_.spec.fields.end()) {
        return refuse("usageFields", fmt::format("{} is named twice", name));
      }
      query_.spec.fields.push_back(std::move(name));
    }
    return {};
  }

  const http::Request& request_;
  const bool is_report_;
  UsageQuery query_;
};

}  // namespace

Result<UsageQuery> read_usage_query(const http::Request& request, bool is_report) {
  return Reader(request, is_report).read();
}

Result<PageQuery> read_page_query(const http::Request& request) {
  PageQuery page;
  if (const auto value = request.query_value("limit")) {
    const auto limit = whole_number(*value);
    if (!limit || *limit == 0) return refuse("limit", "must be an integer from 1 to 100");
    if (*limit > limit_max) {
      return fail(ErrorKind::invalid, "Limit value should not be greater than 100.", {}, "limit");
    }
    page.limit = *limit;
  }
  if (const auto value = request.query_value("offset")) {
    const auto offset = whole_number(*value);
    // A page beyond the largest number is empty like every page past the end.
    if (!offset || *offset > std::numeric_limits<std::int64_t>::max() / limit_max)
      return refuse("offset", "must be a page number, 0 and up");
    page.offset = *offset;
  }
  return page;
}

Result<bool> read_sort(const http::Request& request) {
  const auto sort = choice(request, "sort", sorts);
  if (!sort) return fail(sort);
  return *sort == "asc";
}

Result<std::optional<std::uint64_t>> read_report_id(std::string_view text) {
  if (!is_utf8(text) || utf8_characters(text) < report_id_min || utf8_characters(text) > report_id_max) {
    return refuse("reportId", fmt::format("must have {} to {} characters", report_id_min, report_id_max));
  }
  if (!text.starts_with(report_prefix)) return std::optional<std::uint64_t>();
  const std::string_view digits = text.substr(report_prefix.size());
  return digits.starts_with('0') ? std::nullopt : whole_number(digits);
}

}  // namespace meterport::here
