#include "dialects/meterport/catalog_edit.h"

#include <fmt/format.h>

#include <utility>

namespace meterport::api {

std::string prefix_of(std::string_view array) {
  return fmt::format("/{}/0", array);
}

Result<catalog::CatalogueFile> parse_one(std::string_view array, const catalog::JsonValue& object) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().key(array).begin_array();
  catalog::append_json(out, object);
  out.end_array().end_object();
  auto file = catalog::parse_catalogue(text);
  if (!file) return std::unexpected(relocated(std::move(file.error()), prefix_of(array), ""));
  return file;
}

Result<catalog::ChangeSummary> apply_one(Context& context, const Principal& principal, std::string_view array,
                                         const catalog::CatalogueFile& file) {
  auto summary = context.services.catalog.apply(principal, file);
  if (!summary) return std::unexpected(relocated(std::move(summary.error()), prefix_of(array), ""));
  return summary;
}

Status check_same_id(const catalog::JsonValue& patch, std::string_view id) {
  const catalog::JsonMember* given = member_of(patch, "id");
  if (given == nullptr || given->value.text == id) return {};
  return fail(ErrorKind::invalid, "/id: an id can't change", {}, "/id");
}

Status check_same_owner(const catalog::JsonValue& patch, std::string_view owner, std::string_view what) {
  const catalog::JsonMember* given = member_of(patch, "org");
  if (given == nullptr || given->value.text == owner) return {};
  return fail(ErrorKind::invalid, fmt::format("/org: the owner of a {} can't change; make a new {}", what, what), {},
              "/org");
}

}  // namespace meterport::api
