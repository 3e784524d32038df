#include "dialects/netsuite/given_usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "model/date_format.h"

namespace meterport::netsuite {
namespace {

using catalog::JsonValue;
using Type = JsonValue::Type;
using Problem = std::optional<ItemError>;

bool is_empty_text(const JsonValue* value) {
  return value != nullptr && value->type == Type::string && value->text.empty();
}

bool is_scalar(const JsonValue& value) {
  return value.type == Type::string || value.type == Type::number || value.type == Type::boolean;
}

/// A scalar as text, the way look-ups compare.
std::string text_of(const JsonValue& value) {
  if (value.type == Type::boolean) return value.boolean ? "true" : "false";
  return value.text;
}

std::string pointer_of(std::string_view property, std::string_view member = {}) {
  return member.empty() ? fmt::format("/{}", property) : fmt::format("/{}/{}", property, member);
}

/// An integer that is not negative, from a number or a text: the text's digits as they are, "0042" being another id
/// than "42"; of a number like 7.0 its value's.
std::optional<std::string> digits_of(const JsonValue& value) {
  if (value.type != Type::number && value.type != Type::string) return std::nullopt;
  const std::string& text = value.text;
  if (!text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return text;
  if (value.type != Type::number) return std::nullopt;
  const auto number = Decimal::parse(text);
  if (!number || number->fraction() != 0 || number->is_negative()) return std::nullopt;
  return std::to_string(number->whole());
}

class Reader {
 public:
  Reader(const JsonValue& usage, std::string_view date_format) : usage_(usage), date_format_(date_format) {}

  Problem read() {
    for (const auto step : {&Reader::find_empty, &Reader::read_addresses, &Reader::read_values, &Reader::read_fields,
                            &Reader::find_missing_members, &Reader::find_missing_values}) {
      if (Problem problem = (this->*step)()) return problem;
    }
    return std::nullopt;
  }

  GivenUsage given;

 private:
  [[nodiscard]] const JsonValue* find(std::string_view name) const { return usage_.find(name); }

  Problem find_empty() {
    constexpr std::array<std::string_view, 9> properties = {"subscriptionId", "subscription", "subscriptionName",
                                                            "sbLookup",       "line",         "sbLineLookup",
                                                            "quantity",       "date",         "customFields"};
    for (const std::string_view property : properties) {
      const JsonValue* value = find(property);
      if (is_empty_text(value)) return item_property_is_empty(pointer_of(property), property);
      if (value == nullptr) continue;
      if (Problem problem = find_empty_member(property, *value)) return problem;
      for (const JsonValue& item : value->items) {
        if (Problem problem = find_empty_member(property, item)) return problem;
      }
    }
    return std::nullopt;
  }
  static Problem find_empty_member(std::string_view property, const JsonValue& value) {
    for (const std::string_view member : {"fieldId", "value"}) {
      if (is_empty_text(value.find(member))) return item_property_is_empty(pointer_of(property, member), member);
    }
    return std::nullopt;
  }

  Problem read_addresses() {
    for (const auto& [property, target] :
         {std::pair("subscriptionId", &given.subscription_id), std::pair("subscription", &given.subscription_alias)}) {
      const JsonValue* value = find(property);
      if (value == nullptr) continue;
      *target = digits_of(*value);
      if (!*target) return item_format(pointer_of(property), property, "number");
    }
    if (const JsonValue* name = find("subscriptionName")) {
      if (name->type != Type::string) return item_format("/subscriptionName", "subscriptionName", "string");
      given.subscription_name = name->text;
    }
    if (Problem problem = read_lookup("sbLookup", given.subscription_lookup)) return problem;
    if (Problem problem = read_line()) return problem;
    return read_lookup("sbLineLookup", given.line_lookup);
  }

  Problem read_lookup(std::string_view property, std::optional<Lookup>& target) {
    const JsonValue* value = find(property);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) return item_format(pointer_of(property), property, "object");
    const JsonValue *field = value->find("fieldId"), *wanted = value->find("value");
    if (field != nullptr && field->type != Type::string) {
      return item_format(pointer_of(property, "fieldId"), "fieldId", "string");
    }
    if (wanted != nullptr && !is_scalar(*wanted)) return item_format(pointer_of(property, "value"), "value", "string");
    target = Lookup{field == nullptr ? "" : field->text, wanted == nullptr ? "" : text_of(*wanted)};
    return std::nullopt;
  }

  Problem read_line() {
    const JsonValue* value = find("line");
    if (value == nullptr) return std::nullopt;
    auto digits = digits_of(*value);
    if (!digits) return item_format("/line", "line", "number");
    digits->erase(0, std::min(digits->find_first_not_of('0'), digits->size() - 1));  // a number, not an id
    constexpr std::size_t digits_max = std::numeric_limits<std::int64_t>::digits10;
    given.line = GivenLine{digits->size() > digits_max ? 0 : std::stoll(*digits), value->text};
    return std::nullopt;
  }

  Problem read_values() {
    if (const JsonValue* value = find("quantity")) {
      const bool can_be = value->type == Type::string || value->type == Type::number;
      given.quantity = can_be ? Decimal::parse(value->text) : std::unexpected(DecimalError::bad_format);
      if (!*given.quantity && given.quantity->error() == DecimalError::bad_format) {
        return item_format("/quantity", "quantity", "number");
      }
    }
    if (const JsonValue* value = find("date")) {
      if (value->type == Type::string) given.date = parse_date(value->text, date_format_);
      if (!given.date) return item_format("/date", "date", date_format_);
    }
    if (const JsonValue* value = find("memo")) {
      if (!is_scalar(*value)) return item_format("/memo", "memo", "string");
      given.memo = text_of(*value);
    }
    return std::nullopt;
  }

  Problem read_fields() {
    const JsonValue* fields = find("customFields");
    if (fields == nullptr) return std::nullopt;
    if (!fields->is_array()) return item_format("/customFields", "customFields", "array");
    for (const JsonValue& item : fields->items) {
      if (!item.is_object()) return item_format("/customFields", "customFields", "object");
      const JsonValue *field = item.find("fieldId"), *value = item.find("value");
      if (field != nullptr && field->type != Type::string) {
        return item_format("/customFields/fieldId", "fieldId", "string");
      }
      GivenField& made = given.custom_fields.emplace_back();
      if (field != nullptr) made.field = field->text;
      if (value == nullptr) continue;
      JsonWriter out(made.json);
      catalog::append_json(out, *value);
    }
    return std::nullopt;
  }

  Problem find_missing_members() {
    const auto missing = [](std::string_view property, bool has_field, bool has_value) -> Problem {
      if (has_field && has_value) return std::nullopt;
      const std::string_view member = has_field ? "value" : "fieldId";
      return item_member_is_missing(pointer_of(property, member), member, property);
    };
    // Empty texts were refused before: what is empty here was not given.
    for (const auto& [property, lookup] :
         {std::pair("sbLookup", &given.subscription_lookup), std::pair("sbLineLookup", &given.line_lookup)}) {
      if (!*lookup) continue;
      if (Problem problem = missing(property, !(*lookup)->field.empty(), !(*lookup)->value.empty())) return problem;
    }
    for (const GivenField& field : given.custom_fields) {
      if (Problem problem = missing("customFields", !field.field.empty(), !field.json.empty())) return problem;
    }
    return std::nullopt;
  }

  Problem find_missing_values() {
    const bool has_subscription = given.subscription_id || given.subscription_alias || given.subscription_name ||
                                  given.subscription_lookup || given.line_lookup;
    if (!has_subscription) return required_value_is_missing("subscription");
    if (!given.line && !given.line_lookup) return required_value_is_missing("line");
    if (!given.quantity) return required_value_is_missing("quantity");
    if (!given.date) return required_value_is_missing("date");
    return std::nullopt;
  }

  const JsonValue& usage_;
  std::string_view date_format_;
};

}  // namespace

std::expected<GivenUsage, ItemError> read_given_usage(const JsonValue& usage, std::string_view date_format) {
  if (!usage.is_object()) return std::unexpected(no_object());
  if (usage.members.empty()) return std::unexpected(item_is_empty());
  Reader reader(usage, date_format);
  if (Problem problem = reader.read()) return std::unexpected(std::move(*problem));
  return std::move(reader.given);
}

}  // namespace meterport::netsuite
