#include "model/principal.h"

#include "model/enum_names.h"

namespace meterport {
namespace {

constexpr names::Table<5> roles = {"admin", "exporter", "ingester", "viewer", "operator"};
static_assert(names::covers(roles, Role::operator_));

}  // namespace

std::string_view to_string(Role role) {
  return names::name_of(roles, role);
}
std::optional<Role> parse_role(std::string_view text) {
  return names::value_of<Role>(roles, text);
}

Principal server_principal() {
  Principal principal;
  principal.id = "server";
  principal.name = "server";
  principal.is_server_itself = true;
  return principal;
}

}  // namespace meterport
