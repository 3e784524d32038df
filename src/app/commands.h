// The commands of `meterport`, one function each: they take parsed options, print, and return the exit code
// (0 done, 1 failed, 2 bad use, 3 partial).
#pragma once

#include <string>
#include <vector>

#include "app/api_client.h"

namespace meterport::app {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_bad_use = 2;
inline constexpr int exit_partial = 3;

struct GlobalOptions {
  Target target;
  bool json = false;
};

/// Prints the error (as JSON with --json) and gives its exit code: 2 for bad use, else 1.
int report(const GlobalOptions& global, const Error& error);

struct InitOptions {
  std::string catalog_file, org_id = "root", org_name;
};
int run_init(const GlobalOptions& global, const InitOptions& options);

struct ServeOptions {
  std::string listen;
};
int run_serve(const GlobalOptions& global, const ServeOptions& options);

struct ImportOptions {
  std::string format, into, rejects_file;
  std::vector<std::string> files;
};
int run_import(const GlobalOptions& global, const ImportOptions& options);

struct ExportOptions {
  std::string kind, from, to, period, org, split = "combined", format = "csv", as_of, meter, output;
  bool all_linked = false;
};
int run_export(const GlobalOptions& global, const ExportOptions& options);

int run_jobs_list(const GlobalOptions& global, const std::string& org);
int run_jobs_show(const GlobalOptions& global, const std::string& id);
int run_jobs_cancel(const GlobalOptions& global, const std::string& id);
int run_jobs_retry(const GlobalOptions& global, const std::string& id);

int run_operations_list(const GlobalOptions& global);
int run_operations_show(const GlobalOptions& global, const std::string& id);

struct DeliveryOptions {
  std::string org, job, state;
};
int run_deliveries_list(const GlobalOptions& global, const DeliveryOptions& options);
int run_deliveries_show(const GlobalOptions& global, const std::string& id);
int run_deliveries_retry(const GlobalOptions& global, const std::string& id);
int run_deliveries_keys(const GlobalOptions& global, const std::string& org);

int run_regions_list(const GlobalOptions& global);
/// `name` empty: all of them.
int run_regions_check(const GlobalOptions& global, const std::string& name);

int run_catalog_import(const GlobalOptions& global, const std::string& file, bool dry_run);
int run_catalog_export(const GlobalOptions& global, const std::string& file);
int run_catalog_show(const GlobalOptions& global);

struct UserOptions {
  std::string name, org, email, password;
  std::vector<std::string> roles;
};
int run_users_create(const GlobalOptions& global, const UserOptions& options);
int run_users_passwd(const GlobalOptions& global, const UserOptions& options);
int run_users_list(const GlobalOptions& global);

struct KeyOptions {
  std::string name, org, source, consumer_key, app_id, user, kind = "meterport", id;
  std::vector<std::string> roles;
};
int run_keys_create(const GlobalOptions& global, const KeyOptions& options);
/// `kind` empty: of every kind.
int run_keys_list(const GlobalOptions& global, const std::string& kind);
int run_keys_revoke(const GlobalOptions& global, const KeyOptions& options);

int run_config_explain(const GlobalOptions& global, bool as_markdown);

/// The whole command line.
int run_command_line(int argc, char** argv);

}  // namespace meterport::app
