#include "identity/users.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ids.h"

namespace meterport::identity {
namespace {

std::string org_rule(std::string_view org) {
  return fmt::format("no org \"{}\"", org);
}

bool same(const StoredUser& a, const StoredUser& b) {
  const auto same_grant = [](const Grant& x, const Grant& y) { return x.role == y.role && x.org == y.org; };
  return a.user.name == b.user.name && a.user.org == b.user.org && a.user.email == b.user.email &&
         a.password_hash == b.password_hash && std::ranges::equal(a.user.grants, b.user.grants, same_grant);
}

}  // namespace

Status Users::load() {
  auto rows = load_users(store_);
  if (!rows) return fail(std::move(rows));
  for (StoredUser& row : *rows) publish(std::move(row));
  return {};
}

UserPtr Users::by_id(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

UserPtr Users::by_name(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto it = by_name_.find(name_key(name));
  return it == by_name_.end() ? nullptr : it->second;
}

UserPtr Users::by_mail(std::string_view mail, std::string_view org) const {
  const auto snapshot = catalog_.current();
  UserPtr found;
  const std::shared_lock lock(mutex_);
  for (const auto& [key, user] : by_name_) {
    if (user->user.email.empty() || name_key(user->user.email) != name_key(mail)) continue;
    Principal principal;
    principal.grants = user->user.grants;
    if (!snapshot->may_know(principal, org)) continue;
    if (found) return nullptr;
    found = user;
  }
  return found;
}

std::vector<UserPtr> Users::of_admin(const Principal& by) const {
  const auto snapshot = catalog_.current();
  std::vector<UserPtr> out;
  const std::shared_lock lock(mutex_);
  for (const auto& [key, user] : by_name_) {
    if (snapshot->allows(by, Role::admin, user->user.org)) out.push_back(user);
  }
  return out;
}

void Users::publish(StoredUser row) {
  const auto shared = std::make_shared<const StoredUser>(std::move(row));
  const std::unique_lock lock(mutex_);
  const auto old = by_id_.find(shared->user.id);
  if (old != by_id_.end()) by_name_.erase(name_key(old->second->user.name));
  by_id_.insert_or_assign(shared->user.id, shared);
  by_name_.insert_or_assign(name_key(shared->user.name), shared);
}

Status Users::need_admin(const Principal& by, std::string_view org, const std::string& pointer) const {
  const auto snapshot = catalog_.current();
  if (snapshot->org(org) == nullptr || !snapshot->may_know(by, org)) return refuse(pointer, org_rule(org));
  if (snapshot->allows(by, Role::admin, org)) return {};
  return refuse(pointer, fmt::format("needs the role admin on org \"{}\"", org), ErrorKind::forbidden);
}

Status Users::need_operator(const Principal& by, const Draft& draft, const StoredUser* old,
                            const std::string& pointer) {
  if (is_operator(by)) return {};
  const bool was_operator = old != nullptr && has_operator(old->user.grants);
  if (!was_operator && has_operator(draft.row.user.grants)) {
    return refuse(member_of(pointer, "roles"), operator_rule, ErrorKind::forbidden);
  }
  const bool has_new_secret = !draft.new_password.empty() || (old && old->password_hash != draft.row.password_hash);
  if (was_operator && has_new_secret) {
    return refuse(member_of(pointer, "password"), operator_password_rule, ErrorKind::forbidden);
  }
  return {};
}

UserPtr Users::visible(const Principal& by, std::string_view id, std::string_view name) const {
  UserPtr user = id.empty() ? by_name(name) : by_id(id);
  return user && catalog_.current()->allows(by, Role::admin, user->user.org) ? user : nullptr;
}

Result<Users::Changed> Users::create(const Principal& by, const NewUser& user) {
  if (user.name.empty()) return refuse("name", "is required");
  if (user.org.empty()) return refuse("org", "is required");
  if (auto fine = check_user_fields(user, {}); !fine) return fail(std::move(fine));
  const std::lock_guard lock(change_mutex_);
  if (auto may = need_admin(by, user.org, "org"); !may) return fail(std::move(may));
  if (by_name(user.name)) return refuse("name", "is taken by another user", ErrorKind::conflict);
  if (!user.id.empty() && by_id(user.id)) return refuse("id", "is taken by another user", ErrorKind::conflict);
  auto draft = draft_of(by, {user, {}}, {});
  if (!draft) return fail(std::move(draft));
  auto stored = store_drafts({std::move(*draft)});
  if (!stored) return fail(std::move(stored));
  return std::move(stored->front());
}

Result<Users::Changed> Users::change(const Principal& by, const NewUser& user) {
  if (auto fine = check_user_fields(user, {}); !fine) return fail(std::move(fine));
  const std::lock_guard lock(change_mutex_);
  const UserPtr old = visible(by, user.id, user.name);
  if (!old) return fail(ErrorKind::not_found, "no such user");
  NewUser whole = user;
  whole.id = old->user.id;
  if (whole.name.empty()) whole.name = old->user.name;
  if (whole.org.empty()) whole.org = old->user.org;
  if (whole.email.empty()) whole.email = old->user.email;
  if (whole.roles.empty()) whole.roles = roles_of(old->user.grants);
  auto draft = draft_of(by, {whole, {}}, {});
  if (!draft) return fail(std::move(draft));
  if (!draft->is_changed) return Changed{.user = old->user, .is_change = false};
  auto stored = store_drafts({std::move(*draft)});
  if (!stored) return fail(std::move(stored));
  return std::move(stored->front());
}

Result<Users::Changed> Users::set_password(const Principal& by, std::string_view name, std::string_view password) {
  NewUser user;
  user.password = password;
  if (password.empty()) return refuse("password", "is required");
  if (auto fine = check_user_fields(user, {}); !fine) return fail(std::move(fine));
  const std::lock_guard lock(change_mutex_);
  const UserPtr old = by_name(name);
  const bool is_himself = old && !by.is_server_itself && by.id == old->user.id;
  if (!old || (!is_himself && !visible(by, old->user.id, {}))) return fail(ErrorKind::not_found, "no such user");
  Draft draft{*old, user.password, false, true};
  if (!is_himself) {
    if (auto may = need_operator(by, draft, old.get(), {}); !may) return fail(std::move(may));
  }
  auto stored = store_drafts({std::move(draft)});
  if (!stored) return fail(std::move(stored));
  return std::move(stored->front());
}

Result<Users::Draft> Users::draft_of(const Principal& by, const UserEntry& entry,
                                     const std::vector<std::string>& new_orgs) const {
  const NewUser& user = entry.user;
  const auto at = [&](std::string_view name) { return member_of(entry.pointer, name); };
  const bool is_new_org = std::ranges::find(new_orgs, user.org) != new_orgs.end();
  if (!is_new_org) {
    if (auto may = need_admin(by, user.org, at("org")); !may) return fail(std::move(may));
  }
  const UserPtr named = by_name(user.name);
  const UserPtr old = user.id.empty() ? named : by_id(user.id);
  if (named && named != old) return refuse(at("name"), "is taken by another user");
  // One of another tenant: its name or id is taken, and nothing more is said.
  if (old && !catalog_.current()->allows(by, Role::admin, old->user.org)) {
    return refuse(at(user.id.empty() ? "name" : "id"), "is taken by another user");
  }
  if (!old && user.password.empty() && user.password_hash.empty()) {
    return refuse(at("password"), "a new user needs password or password_hash");
  }
  Draft draft;
  draft.is_new = !old;
  if (old) draft.row = *old;
  draft.row.user.id = old ? old->user.id : user.id;
  draft.row.user.name = user.name;
  draft.row.user.org = user.org;
  draft.row.user.email = user.email;
  draft.row.user.grants = grants_of(user.roles, user.org);
  if (!user.password_hash.empty()) draft.row.password_hash = user.password_hash;
  draft.new_password = user.password;
  draft.is_changed = !old || !draft.new_password.empty() || !same(*old, draft.row);
  if (auto may = need_operator(by, draft, old.get(), entry.pointer); !may) return fail(std::move(may));
  return draft;
}

Result<std::vector<Users::Draft>> Users::drafts_of(const Principal& by, std::string_view users_json,
                                                   const std::vector<std::string>& new_orgs) const {
  auto entries = read_users(users_json);
  if (!entries) return fail(std::move(entries));
  std::vector<Draft> drafts;
  std::set<std::string> names, ids;
  for (const UserEntry& entry : *entries) {
    if (!names.insert(name_key(entry.user.name)).second) {
      return refuse(member_of(entry.pointer, "name"), "stands twice in this file");
    }
    if (!entry.user.id.empty() && !ids.insert(entry.user.id).second) {
      return refuse(member_of(entry.pointer, "id"), "stands twice in this file");
    }
    auto draft = draft_of(by, entry, new_orgs);
    if (!draft) return fail(std::move(draft));
    drafts.push_back(std::move(*draft));
  }
  return drafts;
}

Status Users::check_file(const Principal& by, std::string_view users_json,
                         const std::vector<std::string>& new_orgs) const {
  auto drafts = drafts_of(by, users_json, new_orgs);
  if (!drafts) return fail(std::move(drafts));
  return {};
}

Result<std::vector<Users::Changed>> Users::apply_file(const Principal& by, std::string_view users_json) {
  const std::lock_guard lock(change_mutex_);
  auto drafts = drafts_of(by, users_json, {});
  if (!drafts) return fail(std::move(drafts));
  for (Draft& draft : *drafts) {
    if (auto done = forget_same_password(draft); !done) return fail(std::move(done));
  }
  std::erase_if(*drafts, [](const Draft& draft) { return !draft.is_changed; });
  return store_drafts(std::move(*drafts));
}

Status Users::forget_same_password(Draft& draft) const {
  const UserPtr old = draft.is_new ? nullptr : by_id(draft.row.user.id);
  if (!old || draft.new_password.empty()) return {};
  auto same_password = passwords_.matches(old->password_hash, draft.new_password);
  if (!same_password) return fail(std::move(same_password));
  if (*same_password) draft.new_password.clear();
  draft.is_changed = !draft.new_password.empty() || !same(*old, draft.row);
  return {};
}

Result<std::vector<Users::Changed>> Users::store_drafts(std::vector<Draft> drafts) {
  const Instant now = clock_.now();
  std::vector<StoredUser> rows;
  std::vector<Changed> changed;
  for (Draft& draft : drafts) {
    StoredUser& row = draft.row;
    const UserPtr old = draft.is_new ? nullptr : by_id(row.user.id);
    if (!draft.new_password.empty()) {
      auto hash = passwords_.hash(draft.new_password);
      if (!hash) return fail(std::move(hash));
      row.password_hash = std::move(*hash);
    }
    if (draft.is_new) {
      if (row.user.id.empty()) row.user.id = make_id22(random_);
      row.user.created = now;
    }
    row.user.updated = now;
    const bool has_new_password = !old || old->password_hash != row.password_hash;
    changed.push_back({.user = row.user, .has_new_password = has_new_password, .is_new = draft.is_new});
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return changed;
  if (auto saved = save_users(store_, rows); !saved) return fail(std::move(saved));
  for (StoredUser& row : rows) publish(std::move(row));
  return changed;
}

}  // namespace meterport::identity
