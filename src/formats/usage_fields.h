// Private to formats: the member names of the /v1 usage record (crosswalk 1.1) and how they are found.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace meterport::formats {

/// In the order of `usage_field_names`, which is by length.
enum class UsageField : std::uint8_t {
  id,
  org,
  run,
  app,
  time,
  line,
  task,
  user,
  memo,
  meter,
  asset,
  source,
  folder,
  project,
  channel,
  quantity,
  resource,
  category,
  properties,
  environment,
  billing_tag,
  subscription,
};

inline constexpr std::array<std::string_view, 22> usage_field_names = {
    "id",       "org",      "run",        "app",         "time",        "line",        "task",    "user",
    "memo",     "meter",    "asset",      "source",      "folder",      "project",     "channel", "quantity",
    "resource", "category", "properties", "environment", "billing_tag", "subscription"};
static_assert(std::ranges::is_sorted(usage_field_names, {}, &std::string_view::size));
static_assert(usage_field_names[static_cast<std::size_t>(UsageField::subscription)] == "subscription");

inline constexpr std::array<std::string_view, 9> run_member_names = {
    "id", "start", "end", "status", "cores", "audit_time", "execution_type", "invoked_by", "count"};

inline constexpr std::size_t no_field = static_cast<std::size_t>(-1);

/// Position of `name` in `names`, else no_field.
template <std::size_t N>
constexpr std::size_t find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return i;
  }
  return no_field;
}

inline constexpr std::size_t usage_name_size_max = usage_field_names.back().size();

/// Where the names of each length begin.
inline constexpr auto usage_names_from = [] {
  std::array<std::uint8_t, usage_name_size_max + 2> from{};
  for (std::size_t size = 0; size < from.size(); ++size) {
    std::uint8_t first = 0;
    while (first < usage_field_names.size() && usage_field_names[first].size() < size) ++first;
    from[size] = first;
  }
  return from;
}();

constexpr std::size_t find_usage_field(std::string_view name) {
  if (name.size() > usage_name_size_max) return no_field;
  for (std::size_t i = usage_names_from[name.size()]; i < usage_names_from[name.size() + 1]; ++i) {
    if (usage_field_names[i] == name) return i;
  }
  return no_field;
}
static_assert(find_usage_field("billing_tag") == static_cast<std::size_t>(UsageField::billing_tag));
static_assert(find_usage_field("id") == static_cast<std::size_t>(UsageField::id));
static_assert(find_usage_field("") == no_field && find_usage_field("colour") == no_field);

/// A JSON pointer's part (RFC 6901): "~" and "/" escaped.
std::string pointer_part(std::string_view name);

}  // namespace meterport::formats
