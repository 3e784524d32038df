// Private to identity: what a user may look like, and the `users` array of the catalogue file (crosswalk 2.2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/tables.h"

namespace meterport::identity {

struct UserEntry {
  NewUser user;
  std::string pointer;  ///< "/users/3"
};

/// `invalid` with the pointer, or `malformed`.
Result<std::vector<UserEntry>> read_users(std::string_view users_json);
std::string users_to_json(const std::vector<StoredUser>& users);

/// Checks the fields that are not empty; the error's field is `pointer` and the member's name.
Status check_user_fields(const NewUser& user, const std::string& pointer);

/// `invalid`, with "<pointer>: <rule>" as text.
std::unexpected<Error> refuse(const std::string& pointer, std::string_view rule, ErrorKind kind = ErrorKind::invalid);
inline constexpr std::string_view operator_rule =
    "only an operator, or the command line on the data, may give operator";
inline constexpr std::string_view operator_password_rule =
    "only an operator, or the command line on the data, may set the password of an operator";

/// The pointer of a member: "/users/3/name"; for a call of the API, whose pointer is empty, "name".
std::string member_of(const std::string& pointer, std::string_view name);

}  // namespace meterport::identity
