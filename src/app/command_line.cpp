// The words of the command line (DESIGN section 8) and the help that teaches them.
#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "app/commands.h"
#include "app/terminal.h"
#include "base/log.h"
#include "base/version.h"

namespace meterport::app {
namespace {

using Run = std::function<int()>;

constexpr const char* footer = R"(Examples:
  meterport init --data data                                   a new server with one tenant
  meterport import --data data --format focus usage.csv.gz     usage in, exactly once
  meterport export summary --data data --period 2024-09 --all-linked -o september.zip
  meterport serve --data data --listen 127.0.0.1:8080          the APIs
  METERPORT_URL=http://127.0.0.1:8080 METERPORT_API_KEY=mp_... meterport jobs list

Every command works on a data directory (--data, while no server uses it) or on a server (--url and an API key).
Exit codes: 0 done, 1 failed, 2 bad use, 3 partial (something was rejected or is missing).)";

void add_target(CLI::App* command, GlobalOptions& global) {
  command->add_option("--data", global.target.data, "data directory to work on, offline");
  command->add_option("--url", global.target.url, "server to talk to instead")->envname("METERPORT_URL");
  command->add_option("--key", global.target.key, "API key for --url")->envname("METERPORT_API_KEY");
  command->add_option("--config", global.target.config, "settings file (TOML); `meterport config explain` lists them");
  command->add_flag("--json", global.json, "machine-readable answer on standard output");
}

void add_init(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* c = app.add_subcommand("init", "make a data directory: stores, first tenant, first administrator");
  auto options = std::make_shared<InitOptions>();
  c->add_option("--data", global.target.data, "directory to make")->required();
  c->add_option("--catalog", options->catalog_file,
                "catalogue file (JSON) to start with; default: the Informatica meters");
  c->add_option("--org-id", options->org_id, "id of the first production org")->capture_default_str();
  c->add_option("--org-name", options->org_name, "its name");
  c->add_option("--config", global.target.config, "settings file (TOML)");
  c->add_flag("--json", global.json, "machine-readable answer");
  c->footer(
      "The administrator is `admin`. Its password comes from METERPORT_ADMIN_PASSWORD or is made and printed once.");
  c->callback([&run, &global, options] { run = [&global, options] { return run_init(global, *options); }; });
}

void add_serve(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* c = app.add_subcommand("serve", "run the server on a data directory");
  auto options = std::make_shared<ServeOptions>();
  c->add_option("--data", global.target.data, "data directory")->required();
  c->add_option("--listen", options->listen, "HOST:PORT; port 0 picks a free one (default 127.0.0.1:8080)");
  c->add_option("--config", global.target.config, "settings file (TOML)");
  c->footer(
      "Prints `listening on http://HOST:PORT` when ready. SIGTERM or Ctrl-C: what runs is finished or re-queued.");
  c->callback([&run, &global, options] { run = [&global, options] { return run_serve(global, *options); }; });
}

void add_import(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* c = app.add_subcommand("import", "bring usage in from files; the same file again stores nothing new");
  auto options = std::make_shared<ImportOptions>();
  c->add_option("--format", options->format, "focus (FOCUS 1.0 CSV) or ndjson (one usage record a line)")->required();
  c->add_option("--into", options->into, "focus: production org to import under (default: the only one)");
  c->add_option("--rejects", options->rejects_file, "write rejected rows here, to be mended and imported again");
  c->add_option("FILE", options->files, "files; .gz and .zst work")->required();
  add_target(c, global);
  c->callback([&run, &global, options] { run = [&global, options] { return run_import(global, *options); }; });
}

void add_export(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* c = app.add_subcommand("export", "make an export and fetch its ZIP");
  auto options = std::make_shared<ExportOptions>();
  c->add_option("KIND", options->kind, "summary, project-folder, asset or job-level")->required();
  c->add_option("--from", options->from, "first instant, e.g. 2024-09-01 or 2024-09-01T00:00:00Z");
  c->add_option("--to", options->to, "end, exclusive: --from 2024-09-01 --to 2024-10-01 is September");
  c->add_option("--period", options->period, "a UTC calendar month instead, e.g. 2024-09, whatever the billing anchor");
  c->add_option("--org", options->org, "requesting org (default: the key's, or the only production org)");
  c->add_flag("--all-linked", options->all_linked, "with all orgs under the same production org (not job-level)");
  c->add_option("--split", options->split, "combined, per-org or per-meter files; job-level always has one per meter")
      ->capture_default_str();
  c->add_option("--meter", options->meter, "one meter only");
  c->add_option("--format", options->format, "csv")->capture_default_str();
  c->add_option("--as-of", options->as_of, "ledger position or time to export as of");
  c->add_option("-o,--output", options->output, "file to write (default: <job id>.zip)");
  add_target(c, global);
  c->callback([&run, &global, options] { run = [&global, options] { return run_export(global, *options); }; });
}

void add_jobs(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* jobs = app.add_subcommand("jobs", "export jobs");
  jobs->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto* list = jobs->add_subcommand("list", "newest first");
  list->add_option("--org", *id, "of this requesting org only");
  add_target(list, global);
  list->callback([&run, &global, id] { run = [&global, id] { return run_jobs_list(global, *id); }; });
  using Action = int (*)(const GlobalOptions&, const std::string&);
  const auto add = [&](const char* name, const char* help, Action action) {
    auto* c = jobs->add_subcommand(name, help);
    c->add_option("ID", *id, "job id")->required();
    add_target(c, global);
    c->callback([&run, &global, id, action] { run = [&global, id, action] { return action(global, *id); }; });
  };
  add("show", "one job: state, progress, artifact", run_jobs_show);
  add("cancel", "stop a job at its next slice", run_jobs_cancel);
  add("retry", "a failed or cancelled job again, same spec and snapshot", run_jobs_retry);
}

void add_operations(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* operations = app.add_subcommand("operations", "submissions that are settled after their answer");
  operations->require_subcommand(1);
  auto id = std::make_shared<std::string>();
  auto* list = operations->add_subcommand("list", "newest first, with their counts");
  add_target(list, global);
  list->callback([&run, &global] { run = [&global] { return run_operations_list(global); }; });
  auto* show = operations->add_subcommand("show", "one of them, and why items were not stored");
  show->add_option("ID", *id, "its number; on the NetSuite wire the requestId")->required();
  add_target(show, global);
  show->callback([&run, &global, id] { run = [&global, id] { return run_operations_show(global, *id); }; });
}

void add_deliveries(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* deliveries = app.add_subcommand("deliveries", "callbacks and mails of export jobs");
  deliveries->require_subcommand(1);
  auto options = std::make_shared<DeliveryOptions>();
  auto* list = deliveries->add_subcommand("list", "newest first, with their state and last error");
  list->add_option("--org", options->org, "of jobs asked for by this org only");
  list->add_option("--job", options->job, "of this job only");
  list->add_option("--state", options->state, "pending, delivered, failed or refused ones only");
  add_target(list, global);
  list->callback(
      [&run, &global, options] { run = [&global, options] { return run_deliveries_list(global, *options); }; });
  auto id = std::make_shared<std::string>();
  using Action = int (*)(const GlobalOptions&, const std::string&);
  const auto add = [&](const char* name, const char* help, Action action) {
    auto* c = deliveries->add_subcommand(name, help);
    c->add_option("ID", *id, "delivery id; of a callback also its header webhook-id")->required();
    add_target(c, global);
    c->callback([&run, &global, id, action] { run = [&global, id, action] { return action(global, *id); }; });
  };
  add("show", "one of them and its attempts", run_deliveries_show);
  add("retry", "send it again, whatever its state, with fresh attempts; on a data directory at the next start",
      run_deliveries_retry);
  auto* keys = deliveries->add_subcommand("keys", "what a receiver verifies the signatures of an org's callbacks with");
  keys->add_option("--org", *id, "org (default: the key's, or the only production org)");
  add_target(keys, global);
  keys->callback([&run, &global, id] { run = [&global, id] { return run_deliveries_keys(global, *id); }; });
}

void add_catalog(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* catalog = app.add_subcommand("catalog", "orgs, meters, rates, subscriptions, users as one JSON file");
  catalog->require_subcommand(1);
  auto file = std::make_shared<std::string>();
  auto dry_run = std::make_shared<bool>(false);
  auto* in = catalog->add_subcommand("import", "check the file whole, then apply it whole; same id = update");
  in->add_option("FILE", *file, "catalogue file")->required();
  in->add_flag("--dry-run", *dry_run, "check only");
  add_target(in, global);
  in->callback([&run, &global, file, dry_run] {
    run = [&global, file, dry_run] { return run_catalog_import(global, *file, *dry_run); };
  });
  auto* out = catalog->add_subcommand("export", "the catalogue as a file; importing it again changes nothing");
  out->add_option("-o,--output", *file, "file to write (default: standard output)");
  add_target(out, global);
  out->callback([&run, &global, file] { run = [&global, file] { return run_catalog_export(global, *file); }; });
  auto* show = catalog->add_subcommand("show", "orgs and meters as tables");
  add_target(show, global);
  show->callback([&run, &global] { run = [&global] { return run_catalog_show(global); }; });
}

void add_users(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* users = app.add_subcommand("users", "who may log in");
  users->require_subcommand(1);
  auto options = std::make_shared<UserOptions>();
  const auto secret_help = "password (default: METERPORT_USER_PASSWORD, else one is made and printed once)";
  auto* create = users->add_subcommand("create", "a user of an org");
  create->add_option("NAME", options->name, "log-in name")->required();
  create->add_option("--org", options->org, "org (default: the key's, or the only production org)");
  create->add_option("--role", options->roles, "admin, exporter, ingester, viewer or operator; may be repeated")
      ->required();
  create->add_option("--email", options->email, "address");
  create->add_option("--password", options->password, secret_help)->envname("METERPORT_USER_PASSWORD");
  add_target(create, global);
  create->callback(
      [&run, &global, options] { run = [&global, options] { return run_users_create(global, *options); }; });
  auto* passwd = users->add_subcommand("passwd", "a new password");
  passwd->add_option("NAME", options->name, "log-in name")->required();
  passwd->add_option("--password", options->password, secret_help)->envname("METERPORT_USER_PASSWORD");
  add_target(passwd, global);
  passwd->callback(
      [&run, &global, options] { run = [&global, options] { return run_users_passwd(global, *options); }; });
  auto* list = users->add_subcommand("list", "users in your scope");
  add_target(list, global);
  list->callback([&run, &global] { run = [&global] { return run_users_list(global); }; });
}

void add_keys_create(CLI::App& keys, GlobalOptions& global, Run& run) {
  auto options = std::make_shared<KeyOptions>();
  auto* c = keys.add_subcommand("create", "a key; its secrets are shown once");
  c->add_option("--for", options->kind,
                "meterport: an API key for /v1; netsuite: an OAuth 1.0 token, here: an access key for a client of that "
                "wire")
      ->capture_default_str();
  c->add_option("--name", options->name, "what it is for")->required();
  c->add_option("--org", options->org, "org it acts on, with what is under it (default: the only production org)");
  c->add_option("--role,--roles", options->roles,
                "admin, exporter, ingester, viewer or operator; repeated or joined by commas (default: netsuite "
                "ingester, here exporter)")
      ->delimiter(',');
  c->add_option("--source", options->source, "meterport: default `source` of its records (default: the key's name)");
  c->add_option("--consumer-key", options->consumer_key,
                "netsuite: a further token of this application (default: a new application)");
  c->add_option("--app-id", options->app_id, "here: a further key of this application (default: a new application)");
  c->add_option("--user", options->user,
                "here: name of the user it acts for, who gets the mails; of the org or one above it");
  c->footer(R"(Examples:
  meterport keys create --data data --name agents --role ingester
  meterport keys create --data data --for netsuite --org acme --name erp --json
  meterport keys create --data data --for here --org acme --name robot > credentials.properties

A NetSuite client is given account, consumer key and secret, token id and secret. The org needs ids.netsuite_account in
the catalogue: the client sends it as realm. A HERE client reads credentials.properties, or is given access key id and
secret; the org needs ids.here_realm, unless its id has 5 to 30 letters, digits, - or _.)");
  add_target(c, global);
  c->callback([&run, &global, options] { run = [&global, options] { return run_keys_create(global, *options); }; });
}

void add_keys(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* keys = app.add_subcommand("keys", "API keys, and tokens for clients of other wires");
  keys->require_subcommand(1);
  add_keys_create(*keys, global, run);
  auto kind = std::make_shared<std::string>();
  auto* list = keys->add_subcommand("list", "keys in your scope, oldest first");
  list->add_option("--for", *kind, "meterport, netsuite or here only (default: every kind)");
  add_target(list, global);
  list->callback([&run, &global, kind] { run = [&global, kind] { return run_keys_list(global, *kind); }; });
  auto options = std::make_shared<KeyOptions>();
  auto* revoke = keys->add_subcommand("revoke", "end a key at once");
  revoke
      ->add_option(
          "ID", options->id,
          "key id; netsuite: a token id, or a consumer key to end all its tokens; here: an access key id, or an app "
          "id to end all its keys")
      ->required();
  revoke->add_option("--for", options->kind, "meterport, netsuite or here")->capture_default_str();
  add_target(revoke, global);
  revoke->callback(
      [&run, &global, options] { run = [&global, options] { return run_keys_revoke(global, *options); }; });
}

void add_regions(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* regions = app.add_subcommand("regions", "other servers, which own the usage of linked organizations");
  regions->require_subcommand(1);
  auto* list =
      regions->add_subcommand("list", "this one first, with the keys they sign with, and what is known of them");
  add_target(list, global);
  list->callback([&run, &global] { run = [&global] { return run_regions_list(global); }; });
  auto name = std::make_shared<std::string>();
  auto* check = regions->add_subcommand("check", "ask them now; exit code 1 when one does not answer as it should");
  check->add_option("NAME", *name, "this one only");
  check->footer(
      "A region is set up by the catalogue: regions[] with its name, url and key (`meterport catalog import`).");
  add_target(check, global);
  check->callback([&run, &global, name] { run = [&global, name] { return run_regions_check(global, *name); }; });
}

void add_config(CLI::App& app, GlobalOptions& global, Run& run) {
  auto* config = app.add_subcommand("config", "settings");
  config->require_subcommand(1);
  auto markdown = std::make_shared<bool>(false);
  auto* explain = config->add_subcommand("explain", "every setting: value, default, unit, range, what it does");
  explain->add_option("--config", global.target.config, "settings file (TOML) whose values to show");
  explain->add_flag("--markdown", *markdown, "as docs/reference/settings.md");
  explain->add_flag("--json", global.json, "machine-readable answer");
  explain->callback(
      [&run, &global, markdown] { run = [&global, markdown] { return run_config_explain(global, *markdown); }; });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Meterport: usage in, durable ledger, exports out.", "meterport"};
  app.footer(footer);
  app.set_version_flag("--version", std::string("meterport ") + version);
  app.require_subcommand(1);
  GlobalOptions global;
  Run run;
  add_init(app, global, run);
  add_serve(app, global, run);
  add_import(app, global, run);
  add_export(app, global, run);
  add_jobs(app, global, run);
  add_operations(app, global, run);
  add_deliveries(app, global, run);
  add_catalog(app, global, run);
  add_users(app, global, run);
  add_keys(app, global, run);
  add_regions(app, global, run);
  add_config(app, global, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);  // prints help, version or the problem
    return code == 0 ? exit_done : exit_bad_use;
  }
  // --data wins over METERPORT_URL from the environment; both on the command line is a mistake.
  if (!global.target.data.empty() && !global.target.url.empty()) {
    if (std::getenv("METERPORT_URL") != nullptr) {
      global.target.url.clear();
    } else {
      print_error("--data and --url exclude each other");
      return exit_bad_use;
    }
  }
  // A command speaks to a person: what the services log of ordinary work stays out of its output. `serve` sets its own.
  log::set_level(log::Level::warning);
  return run();
}

}  // namespace meterport::app
