// `meterport catalog`, `users` and `keys`.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/terminal.h"
#include "base/ids.h"

namespace meterport::app {
namespace {

using nlohmann::json;

/// One call, its answer printed as JSON or handed to `show`.
template <class Show>
int call_and_show(const GlobalOptions& global, http::Method method, const std::string& target, std::string body,
                  Show show) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->call(method, target, std::move(body), "application/json");
  if (!answer) return report(global, answer.error());
  if (global.json) {
    print_line(*answer);
    return exit_done;
  }
  show(json::parse(*answer, nullptr, false));
  return exit_done;
}

std::string joined(const json& list) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ",") + item.get<std::string>();
  return out;
}

std::string text_or_dash(const json& object, const char* name) {
  return object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "-";
}

/// The given password, or a fresh one that the caller prints once.
std::string password_or_made(const std::string& given, bool& was_made) {
  was_made = given.empty();
  return was_made ? make_secret(system_random()).substr(0, 20) : given;
}

Status check_kind(const std::string& kind) {
  if (kind == "meterport" || kind == "netsuite" || kind == "here") return {};
  return fail(ErrorKind::invalid, fmt::format("--for {}: no such kind; meterport, netsuite or here", kind));
}

void show_signed_key(const json& key) {
  print_line(fmt::format("token of org {}", text_or_dash(key, "org")));
  print_line("account (realm):  " + text_or_dash(key, "account"));
  print_line("consumer key:     " + text_or_dash(key, "consumer_key"));
  if (key.contains("consumer_secret")) print_line("consumer secret:  " + text_or_dash(key, "consumer_secret"));
  print_line("token id:         " + text_or_dash(key, "token_id"));
  print_line("token secret:     " + text_or_dash(key, "token_secret"));
  print_line(key.contains("consumer_secret") ? "secrets are shown this once"
                                             : "shown this once; the consumer secret was shown with the first token");
}

/// As a whole a credentials.properties, the file that clients of the wire read.
void show_access_key(const json& key, std::string url) {
  while (url.ends_with('/')) url.pop_back();
  const std::string realm = text_or_dash(key, "realm");
  print_line(
      fmt::format("# access key of org {}, realm {}; its secret is shown this once", text_or_dash(key, "org"), realm));
  print_line("here.user.id = " + (key.contains("user") && key["user"].is_string() ? text_or_dash(key, "user") : realm));
  print_line("here.client.id = " + text_or_dash(key, "app_id"));
  print_line("here.access.key.id = " + text_or_dash(key, "access_key_id"));
  print_line("here.access.key.secret = " + text_or_dash(key, "access_key_secret"));
  print_line(url.empty() ? "# here.token.endpoint.url = http://HOST:PORT/oauth2/token"
                         : fmt::format("here.token.endpoint.url = {}/oauth2/token", url));
}

}  // namespace

int run_catalog_import(const GlobalOptions& global, const std::string& file, bool dry_run) {
  auto text = read_file(system_files(), file);
  if (!text) return report(global, {ErrorKind::invalid, file + " can't be read", text.error().detail, {}});
  return call_and_show(
      global, http::Method::post, dry_run ? "/v1/catalog?dry_run=true" : "/v1/catalog", std::move(*text),
      [&](const json& a) {
        print_line(fmt::format(
            "{}: {} orgs, {} meters, {} subscriptions, {} regions, {} users {} (catalogue position {})", file,
            a.value("orgs", 0), a.value("meters", 0), a.value("subscriptions", 0), a.value("regions", 0),
            a.value("users", 0), dry_run ? "checked" : "changed", a.value("position", std::uint64_t{0})));
        for (const auto& notice : a.value("notices", json::array())) print_line("  note: " + notice.get<std::string>());
      });
}

int run_catalog_export(const GlobalOptions& global, const std::string& file) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->get("/v1/catalog");
  if (!answer) return report(global, answer.error());
  if (file.empty()) {
    print_line(*answer);
    return exit_done;
  }
  if (auto s = replace_file(system_files(), file, *answer + "\n"); !s) return report(global, s.error());
  print_line("written to " + file);
  return exit_done;
}

int run_catalog_show(const GlobalOptions& global) {
  return call_and_show(global, http::Method::get, "/v1/catalog", {}, [](const json& a) {
    std::vector<std::vector<std::string>> orgs;
    for (const auto& org : a.value("orgs", json::array()))
      orgs.push_back({text_or_dash(org, "id"), text_or_dash(org, "kind"), text_or_dash(org, "name"),
                      text_or_dash(org, "parent"), org.value("status", "active")});
    fmt::print("{}\n", format_table({"org", "kind", "name", "parent", "status"}, orgs));
    std::vector<std::vector<std::string>> meters;
    for (const auto& meter : a.value("meters", json::array())) {
      const json names = meter.value("names", json::array());
      meters.push_back({text_or_dash(meter, "id"),
                        names.empty() ? text_or_dash(meter, "name") : text_or_dash(names.back(), "name"),
                        text_or_dash(meter, "unit"), text_or_dash(meter, "scalar"), text_or_dash(meter, "category"),
                        text_or_dash(meter, "org")});
    }
    fmt::print("{}", format_table({"meter", "name", "unit", "scalar", "category", "owner"}, meters));
  });
}

int run_users_create(const GlobalOptions& global, const UserOptions& options) {
  bool was_made = false;
  const std::string password = password_or_made(options.password, was_made);
  json body = {{"name", options.name}, {"password", password}, {"roles", options.roles}};
  if (!options.org.empty()) body["org"] = options.org;
  if (!options.email.empty()) body["email"] = options.email;
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->post("/v1/users", body.dump());
  if (!answer) return report(global, answer.error());
  json user = json::parse(*answer, nullptr, false);
  if (was_made) user["password"] = password;
  if (global.json) {
    print_line(user.dump());
    return exit_done;
  }
  print_line(fmt::format("user {} of org {} ({})", options.name, text_or_dash(user, "org"),
                         joined(user.value("roles", json::array()))));
  if (was_made) print_line("password (shown once): " + password);
  return exit_done;
}

int run_users_passwd(const GlobalOptions& global, const UserOptions& options) {
  bool was_made = false;
  const std::string password = password_or_made(options.password, was_made);
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer =
      (*client)->post("/v1/users/" + percent_encode(options.name) + "/password", json{{"password", password}}.dump());
  if (!answer) return report(global, answer.error());
  json result = {{"name", options.name}};
  if (was_made) result["password"] = password;
  if (global.json) {
    print_line(result.dump());
  } else {
    print_line(was_made ? "new password (shown once): " + password : "password of " + options.name + " changed");
  }
  return exit_done;
}

int run_users_list(const GlobalOptions& global) {
  return call_and_show(global, http::Method::get, "/v1/users", {}, [](const json& a) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& u : a.value("users", json::array()))
      rows.push_back({text_or_dash(u, "name"), text_or_dash(u, "org"), joined(u.value("roles", json::array())),
                      text_or_dash(u, "email"), text_or_dash(u, "id")});
    fmt::print("{}", format_table({"name", "org", "roles", "email", "id"}, rows));
  });
}

int run_keys_create(const GlobalOptions& global, const KeyOptions& options) {
  if (auto s = check_kind(options.kind); !s) return report(global, s.error());
  json body = {{"for", options.kind}, {"name", options.name}};
  if (!options.roles.empty()) body["roles"] = options.roles;
  if (!options.org.empty()) body["org"] = options.org;
  if (!options.source.empty()) body["source"] = options.source;
  if (!options.consumer_key.empty()) body["consumer_key"] = options.consumer_key;
  if (!options.app_id.empty()) body["app_id"] = options.app_id;
  if (!options.user.empty()) body["user"] = options.user;
  return call_and_show(global, http::Method::post, "/v1/keys", body.dump(), [&](const json& a) {
    if (options.kind == "netsuite") return show_signed_key(a);
    if (options.kind == "here") return show_access_key(a, global.target.url);
    print_line(fmt::format("key {} of org {}", text_or_dash(a, "id"), text_or_dash(a, "org")));
    print_line("secret (shown once): " + text_or_dash(a, "key"));
  });
}

int run_keys_list(const GlobalOptions& global, const std::string& kind) {
  if (!kind.empty()) {
    if (auto s = check_kind(kind); !s) return report(global, s.error());
  }
  const auto is_shown = [&](const json& key) { return kind.empty() || key.value("for", "") == kind; };
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer = (*client)->get("/v1/keys");
  if (!answer) return report(global, answer.error());
  json keys = json::array();
  for (const auto& key : json::parse(*answer, nullptr, false).value("keys", json::array())) {
    if (is_shown(key)) keys.push_back(key);
  }
  if (global.json) {
    print_line(json{{"keys", keys}}.dump());
    return exit_done;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& k : keys)
    rows.push_back({text_or_dash(k, "id"), text_or_dash(k, "for"), text_or_dash(k, "name"), text_or_dash(k, "org"),
                    joined(k.value("roles", json::array())), text_or_dash(k, "source"), text_or_dash(k, "created_at"),
                    text_or_dash(k, "revoked_at"), text_or_dash(k, k.contains("app_id") ? "app_id" : "consumer_key")});
  fmt::print("{}",
             format_table({"id", "for", "name", "org", "roles", "source", "created", "revoked", "application"}, rows));
  return exit_done;
}

int run_keys_revoke(const GlobalOptions& global, const KeyOptions& options) {
  if (auto s = check_kind(options.kind); !s) return report(global, s.error());
  return call_and_show(global, http::Method::delete_, "/v1/keys/" + percent_encode(options.id), {},
                       [&](const json&) { print_line("key " + options.id + " is revoked"); });
}

}  // namespace meterport::app
