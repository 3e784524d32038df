// One element of `usages` read for its form (netsuite.md 3, 5): what was given, each property in the type the core
// wants. Nothing is looked up here. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"
#include "catalog/json_tree.h"
#include "dialects/netsuite/item_error.h"

namespace meterport::netsuite {

struct Lookup {
  std::string field, value;
};

struct GivenLine {
  std::int64_t number = 0;  ///< 0: no line can have it
  std::string shown;        ///< as sent
};

struct GivenField {
  std::string field;
  std::string json;  ///< its value as JSON text
};

struct GivenUsage {
  std::optional<std::string> subscription_id, subscription_alias;  ///< `subscriptionId`, `subscription`: decimal digits
  std::optional<std::string> subscription_name;
  std::optional<Lookup> subscription_lookup, line_lookup;
  std::optional<GivenLine> line;
  std::optional<std::expected<Decimal, DecimalError>> quantity;  ///< an error is one of size, not of form
  std::optional<Day> date;
  std::string memo;
  std::vector<GivenField> custom_fields;
};

/// The checks up to "required values" of section 5, in its order; the first one that fails.
std::expected<GivenUsage, ItemError> read_given_usage(const catalog::JsonValue& usage, std::string_view date_format);

}  // namespace meterport::netsuite
