// `meterport export` and `meterport jobs`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/commands.h"
#include "app/terminal.h"

namespace meterport::app {
namespace {

using nlohmann::json;

/// The server holds the answer this long while a job runs, so polling costs nothing.
constexpr int wait_seconds = 2;

Status check_use(const ExportOptions& o) {
  constexpr std::array<std::string_view, 4> kinds = {"summary", "project-folder", "asset", "job-level"};
  const std::string all = fmt::format("{}", fmt::join(kinds, ", "));
  if (o.kind == "usage")
    return fail(ErrorKind::invalid, fmt::format("export usage is not available in this version; {} are", all));
  if (o.kind == "billed-usage")
    return fail(ErrorKind::invalid, "export billed-usage is asked for over the HERE API (reports)");
  if (std::ranges::find(kinds, o.kind) == kinds.end())
    return fail(ErrorKind::invalid, fmt::format("export {}: no such kind; {}", o.kind, all));
  if (o.format == "jsonl" || o.format == "parquet" || o.format == "focus")
    return fail(ErrorKind::invalid, fmt::format("--format {} is not available in this version; csv is", o.format));
  if (o.format != "csv") return fail(ErrorKind::invalid, fmt::format("--format {}: no such format; csv", o.format));
  if (o.period.empty() == (o.from.empty() || o.to.empty()))
    return fail(ErrorKind::invalid, "say which days: --period 2024-09, or --from and --to (exclusive)");
  return {};
}

std::string request_json(const ExportOptions& o) {
  json body = {{"kind", o.kind}, {"split", o.split}, {"format", o.format}, {"all_linked", o.all_linked}};
  if (!o.period.empty()) body["period"] = o.period;
  if (o.period.empty()) {
    body["from"] = o.from;
    body["to"] = o.to;
  }
  if (!o.org.empty()) body["org"] = o.org;
  if (!o.meter.empty()) body["meter"] = o.meter;
  if (!o.as_of.empty()) {
    const bool is_position = o.as_of.find_first_not_of("0123456789") == std::string::npos;
    body["as_of"] = is_position ? json(std::stoull(o.as_of)) : json(o.as_of);
  }
  return body.dump();
}

Result<json> parse_job(const Result<std::string>& answer) {
  if (!answer) return fail(answer);
  json job = json::parse(*answer, nullptr, false);
  if (!job.is_object()) return fail(ErrorKind::internal, "the server's answer is no job", *answer);
  return job;
}

bool is_final_state(const std::string& state) {
  return state != "CREATED" && state != "PROCESSING";
}

Result<json> wait_for_job(ApiClient& client, json job, bool is_quiet) {
  ProgressBar bar("export " + job.value("id", ""), is_quiet);
  while (!is_final_state(job.value("state", ""))) {
    const json progress = job.value("progress", json::object());
    const std::string waiting = progress.value("waiting_for", json()).is_string()
                                    ? "waiting for " + progress["waiting_for"].get<std::string>()
                                    : fmt::format("{} rows", with_thousands(progress.value("rows", std::uint64_t{0})));
    bar.update(progress.value("slices_done", std::uint64_t{0}), progress.value("slices", std::uint64_t{0}), waiting);
    auto next = parse_job(client.get(fmt::format("/v1/exports/{}?wait={}", job.value("id", ""), wait_seconds)));
    if (!next) return next;
    job = std::move(*next);
  }
  return job;
}

void print_job(const json& job) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](const char* name, const std::string& value) { rows.push_back({name, value}); };
  const auto text = [&](const char* name) {
    return job.contains(name) && job[name].is_string() ? job[name].get<std::string>() : std::string("-");
  };
  for (const char* name : {"id", "kind", "state", "error", "org", "split", "from", "to", "created_at", "updated_at",
                           "finished_at", "expires_at"})
    add(name, text(name));
  if (job.contains("as_of")) add("position", std::to_string(job["as_of"].value("position", std::uint64_t{0})));
  if (job.contains("artifact") && job["artifact"].is_object()) {
    const json& a = job["artifact"];
    add("artifact", fmt::format("revision {}, {} bytes, {} rows, sha256 {}", a.value("revision", 0),
                                with_thousands(a.value("bytes", std::uint64_t{0})),
                                with_thousands(a.value("rows", std::uint64_t{0})), a.value("sha256", "")));
  }
  for (const json& gap : job.value("gaps", json::array())) {
    std::string orgs;
    for (const json& org : gap.value("orgs", json::array()))
      orgs += (orgs.empty() ? "" : ", ") + org.get<std::string>();
    add("gap", fmt::format("region {}: {} ({})", gap.value("region", ""), orgs, gap.value("reason", "")));
  }
  if (job.contains("heals_until") && job["heals_until"].is_string()) add("heals_until", text("heals_until"));
  fmt::print("{}", format_table({"", ""}, rows));
}

int show_job(const GlobalOptions& global, const Result<std::string>& answer) {
  auto job = parse_job(answer);
  if (!job) return report(global, job.error());
  if (global.json) {
    print_line(*answer);
  } else {
    print_job(*job);
  }
  return job->value("state", "") == "PARTIAL_SUCCESS" ? exit_partial : exit_done;
}

int call_job(const GlobalOptions& global, http::Method method, const std::string& target) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  return show_job(global, (*client)->call(method, target, {}, {}));
}

}  // namespace

int run_export(const GlobalOptions& global, const ExportOptions& options) {
  if (auto s = check_use(options); !s) return report(global, s.error());
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto job = parse_job((*client)->post("/v1/exports", request_json(options)));
  if (!job) return report(global, job.error());
  job = wait_for_job(**client, std::move(*job), global.json);
  if (!job) return report(global, job.error());
  const std::string id = job->value("id", "");
  const std::string state = job->value("state", "");
  const bool has_file = state == "SUCCESS" || state == "PARTIAL_SUCCESS";
  const std::string output = options.output.empty() ? id + ".zip" : options.output;
  if (has_file) {
    auto bytes = (*client)->download(fmt::format("/v1/exports/{}/download", id), output);
    if (!bytes) return report(global, bytes.error());
    (*job)["file"] = output;
  }
  if (global.json) {
    print_line(job->dump());
  } else {
    print_job(*job);
    if (has_file) print_line("written to " + output);
  }
  if (state == "SUCCESS") return exit_done;
  return state == "PARTIAL_SUCCESS" ? exit_partial : exit_failed;
}

int run_jobs_list(const GlobalOptions& global, const std::string& org) {
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  auto answer =
      (*client)->get("/v1/exports?page_size=100" + (org.empty() ? std::string() : "&org=" + percent_encode(org)));
  if (!answer) return report(global, answer.error());
  if (global.json) {
    print_line(*answer);
    return exit_done;
  }
  const json parsed = json::parse(*answer, nullptr, false);
  std::vector<std::vector<std::string>> rows;
  for (const auto& job : parsed.value("exports", json::array())) {
    rows.push_back({job.value("id", ""), job.value("kind", ""), job.value("state", ""), job.value("org", ""),
                    job.value("from", "").substr(0, 10), job.value("to", "").substr(0, 10),
                    job.value("created_at", "")});
  }
  fmt::print("{}", format_table({"id", "kind", "state", "org", "from", "to", "created"}, rows));
  return exit_done;
}

int run_jobs_show(const GlobalOptions& global, const std::string& id) {
  return call_job(global, http::Method::get, "/v1/exports/" + percent_encode(id));
}
int run_jobs_cancel(const GlobalOptions& global, const std::string& id) {
  return call_job(global, http::Method::delete_, "/v1/exports/" + percent_encode(id));
}
int run_jobs_retry(const GlobalOptions& global, const std::string& id) {
  return call_job(global, http::Method::post, "/v1/exports/" + percent_encode(id) + "/retry");
}

}  // namespace meterport::app
