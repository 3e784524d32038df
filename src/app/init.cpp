// `meterport init`: a new data directory.
#include <fmt/format.h>

#include "app/default_catalogue.h"
#include "app/services.h"
#include "base/ids.h"

namespace meterport::app {
namespace {

/// The org the administrator belongs to: the one asked for, else the file's first production org. One that is made here
/// is at home in this region.
Result<catalog::CatalogueFile> first_catalogue(const InitRequest& request, const std::string& region,
                                               std::string& org_id) {
  const bool own_file = !request.catalog_json.empty();
  auto file = catalog::parse_catalogue(own_file ? std::string_view(request.catalog_json) : default_catalogue_json());
  if (!file) return file;
  org_id = request.org_id;
  for (const Org& org : file->orgs) {
    if (org.id == org_id) return file;
  }
  if (own_file && request.org_name.empty()) {
    for (const Org& org : file->orgs) {
      if (org.kind != OrgKind::production) continue;
      org_id = org.id;
      return file;
    }
  }
  Org org;
  org.id = org_id;
  org.kind = OrgKind::production;
  org.name = request.org_name.empty() ? org_id : request.org_name;
  if (region != default_region) org.region = region;
  file->orgs.insert(file->orgs.begin(), std::move(org));
  return file;
}

Status make_stores(const std::string& data) {
  FileSystem& files = system_files();
  if (files.exists(data + "/control.sqlite"))
    return fail(ErrorKind::conflict, data + " is a data directory already; nothing was changed");
  for (const char* folder : {"", "/ledger", "/index", "/operations", "/artifacts", "/parts", "/keys"}) {
    if (auto s = files.make_folders(data + folder); !s) return s;
  }
  if (auto s = ledger::create_keys(files, data + "/keys", system_random()); !s) return s;
  // Opening makes the file and applies the migrations; the services open it again below.
  auto control = control::open_sqlite(data + "/control.sqlite");
  if (!control) return fail(std::move(control));
  return {};
}

}  // namespace

Result<InitResult> init_data(const InitRequest& request, const Settings& settings) {
  InitResult result;
  auto file = first_catalogue(request, settings.text("region.name"),
                              result.org_id);  // a bad file is refused before anything is made
  if (!file) return fail(std::move(file));
  result.password_was_made = request.admin_password.empty();
  result.admin_password =
      result.password_was_made ? make_secret(system_random()).substr(0, 20) : request.admin_password;
  if (auto s = make_stores(request.data); !s) return fail(std::move(s));
  auto services = Services::open(request.data, settings);
  if (!services) return fail(std::move(services));
  const Principal server = server_principal();
  if (auto s = (*services)->identity().check_users(server, file->users_json, *file); !s) return fail(std::move(s));
  if (auto s = (*services)->catalog().apply(server, *file); !s) return fail(std::move(s));
  identity::NewUser admin;
  admin.name = "admin";
  admin.password = result.admin_password;
  admin.org = result.org_id;
  admin.roles = {Role::admin, Role::operator_};
  if (auto s = (*services)->identity().create_user(server, admin); !s) return fail(std::move(s));
  if (auto s = (*services)->identity().apply_users(server, file->users_json); !s) return fail(std::move(s));
  return result;
}

}  // namespace meterport::app
