// Who is calling and what he may act on. Every service call carries one; its scope is checked in the service.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meterport {

enum class Role : std::uint8_t { admin, exporter, ingester, viewer, operator_ };
std::string_view to_string(Role role);  ///< "operator" for operator_
std::optional<Role> parse_role(std::string_view text);

/// A role on an org and what is under it.
struct Grant {
  Role role = Role::viewer;
  std::string org;
};

struct Principal {
  std::string id;    ///< user id or key id
  std::string name;  ///< user name or key name, for the audit trail
  std::string org;   ///< home org: the requesting org of vendor calls
  std::vector<Grant> grants;
  std::string project{};          ///< a token for one project (its HRN): sees that project's usage alone; empty: all
  std::string default_source;     ///< of an API key: the `source` of records that name none
  bool is_server_itself = false;  ///< offline command line and background work: may do everything
};

/// The command line on a data directory, and background work.
Principal server_principal();

/// The role operator is the server's, not an org's. True for the server itself and for who holds the role on any org;
/// admin does not imply it.
bool is_operator(const Principal& principal);
bool has_operator(const std::vector<Grant>& grants);

}  // namespace meterport
