// `meterport import`: files in through the core (--data) or through POST /v1/imports (--url).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "app/terminal.h"
#include "base/json_writer.h"
#include "dialects/meterport/api.h"
#include "formats/compressed.h"

namespace meterport::app {
namespace {

using nlohmann::json;

Status check_format(const std::string& format) {
  if (format == "focus" || format == "ndjson") return {};
  if (format == "cloudevents" || format == "csv")
    return fail(ErrorKind::invalid,
                fmt::format("--format {} is not available in this version; focus and ndjson are", format));
  return fail(ErrorKind::invalid, fmt::format("--format {}: no such format; focus or ndjson", format));
}

Result<std::string> read_plain(const std::string& path, const Settings& settings) {
  auto bytes = read_file(system_files(), path);
  if (!bytes) return fail(ErrorKind::invalid, path + " can't be read", bytes.error().detail);
  const auto coding = formats::detect_coding(*bytes);
  if (coding == formats::Coding::identity) return bytes;
  const auto bytes_max = static_cast<std::size_t>(settings.number("http.import_body_bytes_max")) * 16;
  return formats::decompress(coding, *bytes, bytes_max);
}

Result<std::string> import_locally(Services& services, const GlobalOptions& global, const ImportOptions& options,
                                   const std::string& path) {
  auto bytes = read_plain(path, services.settings());
  if (!bytes) return bytes;
  ProgressBar bar("importing " + path, global.json);
  const auto progress = [&bar](std::uint64_t done, std::uint64_t total) { bar.update(done, total, "records"); };
  const Principal server = server_principal();
  auto answer =
      options.format == "focus"
          ? intake::import_focus(services.intake(), services.catalog(), server, services.settings(), std::move(*bytes),
                                 options.into, progress)
          : intake::import_ndjson(services.intake(), server, services.settings(), std::move(*bytes), progress);
  if (!answer) return fail(std::move(answer));
  return api::import_report_json(*answer);
}

Result<std::string> import_remotely(ApiClient& client, const ImportOptions& options, const std::string& path) {
  auto bytes = read_plain(path, Settings());
  if (!bytes) return bytes;
  std::string target = "/v1/imports?format=" + options.format;
  if (!options.into.empty()) target += "&into=" + percent_encode(options.into);
  return client.call(http::Method::post, target, std::move(*bytes),
                     options.format == "focus" ? "text/csv" : "application/x-ndjson");
}

void print_report(const std::string& path, const json& r) {
  const auto n = [&](const char* name) { return with_thousands(r.value(name, std::uint64_t{0})); };
  const std::uint64_t position = r.value("position", std::uint64_t{0});
  const std::string last = position == 0 ? std::string() : fmt::format(" (last position {})", position);
  print_line(fmt::format("{}: {} rows: {} stored, {} duplicates, {} conflicts, {} rejected{}", path, n("rows"),
                         n("stored"), n("duplicates"), n("conflicts"), n("rejected"), last));
  if (r.value("orgs_made", 0) + r.value("meters_made", 0) > 0)
    print_line(fmt::format("  made {} orgs and {} meters", n("orgs_made"), n("meters_made")));
  for (const auto& notice : r.value("notices", json::array())) print_line("  note: " + notice.get<std::string>());
  constexpr std::size_t shown_max = 20;
  std::size_t shown = 0;
  for (const auto& row : r.value("rejected_rows", json::array())) {
    if (++shown > shown_max) break;
    print_line("  " + row["error"].value("text", ""));
  }
  if (shown > shown_max) print_line("  ... and more; --rejects FILE writes them all");
  for (const auto& [currency, sum] : r.value("rejected_billed_cost", json::object()).items())
    print_line(fmt::format("  BilledCost of rejected rows: {} {}", sum.get<std::string>(), currency));
}

Status write_rejects(const std::string& path, const json& report) {
  std::string out = report.value("header", "");
  if (!out.empty() && !out.ends_with('\n')) out += '\n';
  for (const auto& row : report.value("rejected_rows", json::array())) {
    out += row.value("row", "");
    if (!out.ends_with('\n')) out += '\n';
  }
  return replace_file(system_files(), path, out);
}

}  // namespace

int run_import(const GlobalOptions& global, const ImportOptions& options) {
  if (auto s = check_format(options.format); !s) return report(global, s.error());
  auto client = ApiClient::open(global.target);
  if (!client) return report(global, client.error());
  bool is_partial = false;
  for (const std::string& path : options.files) {
    Services* services = (*client)->local();
    auto answer = services != nullptr ? import_locally(*services, global, options, path)
                                      : import_remotely(**client, options, path);
    if (!answer) return report(global, answer.error());
    const json parsed = json::parse(*answer, nullptr, false);
    if (!parsed.is_object())
      return report(global, {ErrorKind::internal, "the server's answer is no import report", *answer, {}});
    if (global.json) {
      print_line(*answer);
    } else {
      print_report(path, parsed);
    }
    const bool has_rejects = parsed.value("rejected", std::uint64_t{0}) > 0;
    is_partial = is_partial || has_rejects || parsed.value("conflicts", std::uint64_t{0}) > 0;
    if (has_rejects && !options.rejects_file.empty()) {
      if (auto s = write_rejects(options.rejects_file, parsed); !s) return report(global, s.error());
    }
  }
  return is_partial ? exit_partial : exit_done;
}

}  // namespace meterport::app
