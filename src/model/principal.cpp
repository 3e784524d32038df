#include "model/principal.h"

#include <algorithm>

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

bool has_operator(const std::vector<Grant>& grants) {
  return std::ranges::find(grants, Role::operator_, &Grant::role) != grants.end();
}

bool is_operator(const Principal& principal) {
  return principal.is_server_itself || has_operator(principal.grants);
}

Principal server_principal() {
  Principal principal;
  principal.id = "server";
  principal.name = "server";
  principal.is_server_itself = true;
  return principal;
}

}  // namespace meterport
