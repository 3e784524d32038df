// Private to the /v1 dialect: the schemas of /openapi.json (JSON Schema 2020-12, as OpenAPI 3.1 takes them), as data.
#pragma once

#include <span>
#include <string_view>

namespace meterport::api {

struct Schema {
  std::string_view name;
  /// Separated by commas, the first is the usual one. JSON types are described by `json`, others are plain text or
  /// bytes.
  std::string_view media_types;
  std::string_view json;
};

std::span<const Schema> usage_schemas();
std::span<const Schema> export_schemas();
std::span<const Schema> delivery_schemas();
std::span<const Schema> catalogue_schemas();
std::span<const Schema> identity_schemas();
std::span<const Schema> region_schemas();
/// Null: none of that name.
const Schema* find_schema(std::string_view name);

}  // namespace meterport::api
