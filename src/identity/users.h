// Private to identity: the users, all in memory, written through. Thread-safe; changes come one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "identity/passwords.h"
#include "identity/user_rules.h"

namespace meterport::identity {

using UserPtr = std::shared_ptr<const StoredUser>;

class Users {
 public:
  Users(control::Store& store, catalog::Catalog& catalog, Clock& clock, Random& random, Passwords& passwords)
      : store_(store), catalog_(catalog), clock_(clock), random_(random), passwords_(passwords) {}

  Status load();
  [[nodiscard]] UserPtr by_id(std::string_view id) const;
  [[nodiscard]] UserPtr by_name(std::string_view name) const;
  /// The one user with that mail address (ignoring case) who has a right on the org; null: none, or several.
  [[nodiscard]] UserPtr by_mail(std::string_view mail, std::string_view org) const;
  /// Those whose org the principal is admin of, by name.
  [[nodiscard]] std::vector<UserPtr> of_admin(const Principal& by) const;

  struct Changed {
    User user;
    bool has_new_password = false;
    bool is_new = false;
    bool is_change = true;
  };
  Result<Changed> create(const Principal& by, const NewUser& user);
  Result<Changed> change(const Principal& by, const NewUser& user);
  Result<Changed> set_password(const Principal& by, std::string_view name, std::string_view password);

  /// `new_orgs`: ids that the same catalogue file makes.
  Status check_file(const Principal& by, std::string_view users_json, const std::vector<std::string>& new_orgs) const;
  /// Users that were made or changed.
  Result<std::vector<Changed>> apply_file(const Principal& by, std::string_view users_json);

 private:
  /// A user as an entry leaves it, not yet hashed or stored.
  struct Draft {
    StoredUser row;
    std::string new_password;  ///< to hash
    bool is_new = false, is_changed = false;
  };
  [[nodiscard]] Status need_admin(const Principal& by, std::string_view org, const std::string& pointer) const;
  /// The role operator is the server's, not an org's: only who holds it may give it or take over who has it.
  [[nodiscard]] static Status need_operator(const Principal& by, const Draft& draft, const StoredUser* old,
                                            const std::string& pointer);
  [[nodiscard]] UserPtr visible(const Principal& by, std::string_view id, std::string_view name) const;
  [[nodiscard]] Result<Draft> draft_of(const Principal& by, const UserEntry& entry,
                                       const std::vector<std::string>& new_orgs) const;
  Result<std::vector<Draft>> drafts_of(const Principal& by, std::string_view users_json,
                                       const std::vector<std::string>& new_orgs) const;
  /// A file that is imported again names the password again: that changes nothing.
  Status forget_same_password(Draft& draft) const;
  /// With change_mutex_ held.
  Result<std::vector<Changed>> store_drafts(std::vector<Draft> drafts);
  void publish(StoredUser row);

  control::Store& store_;
  catalog::Catalog& catalog_;
  Clock& clock_;
  Random& random_;
  Passwords& passwords_;

  std::mutex change_mutex_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, UserPtr, std::less<>> by_id_;
  std::map<std::string, UserPtr, std::less<>> by_name_;  ///< key: name_key()
};

}  // namespace meterport::identity
