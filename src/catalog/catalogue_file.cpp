#include "catalog/catalog.h"
#include "catalog/objects.h"

namespace meterport::catalog {
namespace {

void copy_users(ObjectReader& file, std::string& users_json) {
  users_json.clear();
  JsonWriter out(users_json);
  out.begin_array();
  for (const JsonValue& user : file.items("users", Need::optional)) append_json(out, user);
  out.end_array();
}

}  // namespace

Result<CatalogueFile> parse_catalogue(std::string_view json) {
  const auto tree = parse_json(json);
  if (!tree) return fail(tree);
  FormCheck check;
  // "$schema" lets an editor find the published JSON Schema.
  ObjectReader reader(check, *tree, "", {"$schema", "regions", "orgs", "meters", "subscriptions", "users"});
  CatalogueFile file;
  std::size_t index = 0;
  for (const JsonValue& item : reader.items("regions", Need::optional)) {
    file.regions_json.push_back(read_region(check, item, pointer_to("/regions", index++)).json);
  }
  index = 0;
  for (const JsonValue& item : reader.items("orgs", Need::optional)) {
    file.orgs.push_back(read_org(check, item, pointer_to("/orgs", index++)));
  }
  index = 0;
  for (const JsonValue& item : reader.items("meters", Need::optional)) {
    file.meters.push_back(read_meter(check, item, pointer_to("/meters", index++)));
  }
  index = 0;
  for (const JsonValue& item : reader.items("subscriptions", Need::optional)) {
    file.subscriptions.push_back(read_subscription(check, item, pointer_to("/subscriptions", index++)));
  }
  copy_users(reader, file.users_json);
  if (check.first) return std::unexpected(std::move(*check.first));
  return file;
}

}  // namespace meterport::catalog
