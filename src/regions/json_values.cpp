#include "regions/json_values.h"

#include <limits>

namespace meterport::regions {
namespace {

using catalog::Need;
using catalog::ObjectReader;

constexpr std::size_t instant_characters_max = 40;
constexpr std::size_t integer_digits_max = 38;  ///< 2^64 sums of 18 digits have no more
constexpr std::size_t decimals_max = 18;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

void write_period(JsonWriter& out, std::string_view name, const Period& period) {
  out.key(name).begin_object();
  out.field("from", format_rfc3339(period.from)).field("to", format_rfc3339(period.to)).end_object();
}

Instant read_instant(ObjectReader& reader, std::string_view name) {
  const auto at = parse_instant(reader.text(name, Need::required, instant_characters_max));
  if (!at) reader.refuse(name, "must be an RFC 3339 time");
  return at.value_or(Instant{});
}

Period read_period(ObjectReader& reader, std::string_view name) {
  const catalog::JsonValue* object = reader.object(name);
  if (object == nullptr) {
    reader.refuse(name, "is missing");
    return {};
  }
  ObjectReader inner(reader.check(), *object, reader.at(name), {"from", "to"});
  const Instant from = read_instant(inner, "from");
  return {.from = from, .to = read_instant(inner, "to")};
}

std::uint64_t read_position(ObjectReader& reader, std::string_view name) {
  const auto value = reader.integer(name, 0, std::numeric_limits<std::int64_t>::max());
  if (!value) reader.refuse(name, "must be a whole number");
  return static_cast<std::uint64_t>(value.value_or(0));
}

std::optional<Total> parse_total(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  std::string decimals(text.substr(std::min(point + 1, text.size())));
  const bool has_bad_point = point < text.size() && decimals.empty();
  if (digits.empty() || has_bad_point || digits.size() > integer_digits_max || decimals.size() > decimals_max) {
    return std::nullopt;
  }
  decimals.resize(decimals_max, '0');
  digits += decimals;
  Int256 value;
  for (const char c : digits) {
    Int256 shifted;
    if (!is_digit(c) || !value.multiply(10, shifted)) return std::nullopt;
    value = shifted;
    value += Int256::from(c - '0');
  }
  return Total::from_scaled(is_negative ? value.negated() : value);
}

}  // namespace meterport::regions
