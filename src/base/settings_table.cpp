// The table of all settings. Add a line here and regenerate docs/reference/settings.md (settings_test says how).
#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace meterport {
namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t gib = 1024 * mib;
constexpr std::int64_t day_s = 86'400;

SettingSpec flag(std::string_view name, bool fallback, std::string_view help) {
  return {.name = name, .fallback = fallback, .unit = "", .allowed = {}, .help = help};
}

struct Range {
  std::int64_t min;
  std::int64_t max;  ///< 0 = no bound
};

SettingSpec number(std::string_view name, std::int64_t fallback, std::string_view unit, Range range,
                   std::string_view help) {
  return {.name = name,
          .fallback = fallback,
          .unit = unit,
          .min = range.min,
          .max = range.max,
          .allowed = {},
          .help = help};
}

SettingSpec text(std::string_view name, std::string fallback, std::string_view help,
                 std::vector<std::string_view> allowed = {}) {
  return {.name = name, .fallback = std::move(fallback), .unit = "", .allowed = std::move(allowed), .help = help};
}

SettingSpec list(std::string_view name, std::string_view help, std::vector<std::string> fallback = {}) {
  return {.name = name, .fallback = std::move(fallback), .unit = "", .allowed = {}, .help = help};
}

// clang-format off
std::vector<SettingSpec> server_settings() {
  return {
    text("server.listen", "127.0.0.1:8080", "Address and port to listen on; port 0 picks a free one."),
    text("server.public_url", "",
         "How clients reach this server, for links in answers and callbacks; empty: the address listened on."),
    number("server.threads", 0, "threads", {0, 1024}, "Threads that read requests and write answers; 0: one a core."),
    flag("server.allow_plain_http_beyond_loopback", false,
         "Allows plain HTTP on an address other than loopback, for instance behind a proxy that ends TLS."),

    text("tls.certificate", "", "PEM file with the certificate chain; empty: plain HTTP."),
    text("tls.key", "", "PEM file with the certificate's private key."),

    number("http.head_bytes_max", 16 * kib, "bytes", {kib, mib}, "Longest request line and headers together."),
    number("http.body_bytes_max", 64 * mib, "bytes", {kib, 4 * gib}, "Longest request body, as sent."),
    number("http.import_body_bytes_max", 256 * mib, "bytes", {kib, 1024 * gib},
           "Longest body of POST /v1/imports, as sent and unpacked; it is held in memory."),
    number("http.body_bytes_in_flight_max", gib, "bytes", {kib, 0},
           "Bytes of all request bodies held in memory at the same time; a request too many is answered 503 with"
           " Retry-After before its body is read."),
    number("http.requests_in_flight_max", 1024, "requests", {1, 1'000'000},
           "Requests worked on at the same time; more are answered 503 with Retry-After."),
    number("http.idle_timeout", 60, "s", {1, 3600}, "A connection that sends nothing for this long is closed."),
    number("http.blocking_threads", 16, "threads", {1, 1024},
           "Threads for work that waits for a store, so that reading requests never does."),

    number("intake.batch_records_max", 100'000, "records", {1, 10'000'000}, "Most records in one request."),
    number("intake.record_bytes_max", 64 * kib, "bytes", {kib, 16 * mib},
           "Longest single record; longer ones are rejected, the rest of the batch is not."),
    number("intake.queue_requests_max", 1024, "requests", {1, 1'000'000},
           "Requests that may wait for the disk; over it intake answers 503 with Retry-After."),

    number("ledger.segment_bytes", 64 * mib, "bytes", {mib, 4 * gib}, "Size of one file of the log."),
    number("ledger.reserve_bytes", gib, "bytes", {0, 0},
           "With less free disk than this, or than ledger.reserve_percent, intake answers 507; with less than twice that,"
           " export jobs wait."),
    number("ledger.reserve_percent", 2, "%", {0, 90},
           "With less free disk than this share, or than ledger.reserve_bytes, intake answers 507."),

    number("index.table_keys", 1'000'000, "keys", {1'000, 100'000'000},
           "Newest de-duplication keys held in memory before they are written as one sorted run."),

    number("loading.batch_records_max", 100'000, "records", {1, 10'000'000},
           "Most records per transaction of the loader."),
    number("loading.checkpoint_bytes", 64 * mib, "bytes", {mib, 16 * gib},
           "The loader checkpoints the warehouse when its own log is this long."),
  };
}

std::vector<SettingSpec> export_settings() {
  return {
    text("warehouse.memory_limit", "1GB", "Memory the warehouse may use, as DuckDB reads it (\"512MB\", \"4GB\")."),
    number("warehouse.threads", 2, "threads", {1, 1024}, "Threads of one warehouse query."),

    number("exports.runners", 2, "jobs", {0, 256},
           "Export jobs that run at the same time, not counting those that wait for linked regions; 0 lets jobs wait, for "
           "maintenance."),
    number("exports.retention", 3 * day_s, "s", {60, 0},
           "An artifact can be downloaded this long after its job ended."),
    number("exports.jobs_retention", 30 * day_s, "s", {60, 0}, "A finished job can be read this long after it ended."),
    number("exports.lease", 60, "s", {5, 3600},
           "A job whose runner gave no sign of life for this long is taken up by another."),

    flag("exports.heal", true,
         "Whether the usage of linked regions that did not answer is filled in later, as a new revision."),
    number("exports.heal_time", 3 * day_s, "s", {60, 0},
           "How long after its creation a HERE report may still be filled in; other exports: until their file expires."),

    text("region.name", "local", "The region this server is, as the catalogue's orgs name it."),
    number("regions.budget", 60, "s", {1, 0},
           "How long an export tries to get the usage of linked regions before it ends without."),
    number("regions.read_budget", 3, "s", {1, 60},
           "The same for answers that are waited for: usage totals and pages, and the look whether an export can be made."),
    number("regions.stall_timeout", 10, "s", {1, 600},
           "A call to another region ends when nothing came for this long."),
    number("regions.poll_interval", 10, "s", {1, 3600},
           "How often other regions are asked whether they answer, and for changes of the catalogue."),
    text("regions.ca_file", "", "PEM file with certificates to trust for other regions; empty: the system's."),

    number("operations.runners", 2, "threads", {0, 64},
           "Threads that settle asynchronous submissions; 0 lets them wait, for maintenance."),
    number("operations.items_max", 1'000'000, "items", {1, 100'000'000}, "Most items of one asynchronous submission."),
    number("operations.unfinished_max", 10'000, "operations", {1, 10'000'000},
           "Asynchronous submissions that may wait or be under way; one more is answered 503 with Retry-After."),
    number("operations.retention", 0, "s", {0, 0},
           "A finished operation, its body and results can be read this long after its end; 0: for ever."),

    number("sessions.idle_timeout", 1800, "s", {60, 7 * day_s}, "A session ends after this long without a request."),
    number("sessions.grace", 120, "s", {0, 3600},
           "A session may run over its idle time by this much while a request of it is under way."),
  };
}

std::vector<SettingSpec> dialect_settings() {
  SettingSpec too_many_jobs_status = number("informatica.too_many_jobs_status", 400, "", {400, 429},
      "HTTP status of the answer to one job too many; 429 comes with Retry-After.");
  too_many_jobs_status.allowed = {"400", "429"};

  return {
    text("informatica.midnight_end", "inclusive", "Whether the day of an endDate at 00:00:00 belongs to the export.",
         {"inclusive", "exclusive"}),
    text("informatica.older_summary_files", "meter",
         "What an uncombined ExportMeteringDataAllLinkedOrgsAcrossRegion has one file for.", {"meter", "org"}),
    flag("informatica.partial_rights", false,
         "Runs an all-linked export over the readable orgs and ends it PARTIAL_SUCCESS, instead of refusing it."),
    number("informatica.active_jobs_max", 5, "jobs", {1, 10'000}, "Unfinished jobs an org may have."),
    too_many_jobs_status,
    text("informatica.callback_format", "text",
         "What a callback carries unless its job says otherwise (callbackFormat): the vendor's sentence, or the job"
         " object as JSON.",
         {"text", "json"}),
    number("informatica.download_hold", 5, "s", {0, 60},
           "A download of an unfinished job waits this long for its end before it is refused."),

    text("netsuite.script", "", "Number accepted as `script` besides customscript_sbe_rs_main; empty: none."),
    text("netsuite.deploy", "", "Number accepted as `deploy` besides customdeploy_sbe_rs_main; empty: none."),
    list("netsuite.base_urls",
         "Base URLs clients may have signed for besides the address they reach, for instance behind a proxy:"
         " [\"https://1234567.restlets.api.example.com\"]."),
    flag("netsuite.hmac_sha1", false, "Accepts signatures made with HMAC-SHA1, which the vendor ended in 2023."),
    flag("netsuite.nlauth", false, "Accepts mail address and password in an NLAuth header."),
    flag("netsuite.lockout", true, "Locks a token for 30 minutes after five bad signatures in a row."),
    flag("netsuite.negative_quantities", false, "Takes usages with a negative quantity."),
    flag("netsuite.nested_errors", false,
         "Puts an error of a call as the vendor's script does: a JSON document as text in `message`."),
    number("netsuite.body_bytes_max", 16 * mib, "bytes", {kib, gib}, "Longest request body."),
    number("netsuite.concurrency_max", 0, "requests", {0, 10'000},
           "Requests of one account worked on at the same time; 0: no limit."),

    list("here.token_urls",
         "Token addresses clients may have signed for besides the one they reach.",
         {"https://account.api.here.com/oauth2/token"}),
    flag("here.unsigned_secrets", false,
         "Takes client_id and client_secret in a token request in place of a signature."),
    flag("here.reports", true, "Whether reports may be asked for."),
    flag("here.quoted_dates", false, "Prints dates in JSON answers as 2022-03-01'T'00:00:00."),
    flag("here.csv_extra_columns", false, "Adds charge number and raw usage to the CSV, at the end."),
    number("here.csv_rows_max", 20'000, "rows", {1, 1'000'000}, "Most rows of usage as CSV; more are refused."),
    number("here.report_rows_max", 1'000'000, "rows", {1, 100'000'000},
           "Most rows of a report; one with more ends as failed."),
    number("here.active_reports_max", 100, "reports", {1, 10'000},
           "Unfinished reports a realm may have; one more is answered 429 with Retry-After."),
    number("here.report_retention", 30 * day_s, "s", {60, 0},
           "A report can be downloaded this long after it is completed, then it is archived."),

    text("mail.server", "",
         "SMTP server that sends mail: smtp://host:587 or, with TLS from the start, smtps://host:465; empty: no mail."),
    text("mail.from", "", "Address mail comes from."),
    text("mail.user", "", "Name to log in with at the mail server; empty: none."),
    text("mail.password_file", "", "File that holds the password for mail.user."),
    text("mail.tls", "required", "Whether an smtp:// server must offer STARTTLS.", {"required", "if-offered", "none"}),
    text("mail.ca_file", "", "PEM file with certificates to trust for the mail server; empty: the system's."),

    list("delivery.allowed_ranges",
         "CIDR ranges of private addresses that callbacks may go to, for instance [\"10.1.0.0/16\", \"::1/128\"]."),
    number("delivery.timeout", 15, "s", {1, 300}, "Time one attempt to deliver a callback or mail may take."),
    number("delivery.attempts_max", 10, "attempts", {1, 100}, "Attempts before a callback or mail is given up."),

    text("focus.project_tag", "", "Tag whose value becomes the project of an imported FOCUS line; empty: none."),
    text("focus.folder_tag", "", "Tag whose value becomes the folder of an imported FOCUS line; empty: none."),

    number("audit.retention", 90 * day_s, "s", {60, 0}, "An entry of the audit trail is kept this long."),

    text("log.level", "info", "Least important log lines to write.", {"debug", "info", "warning", "error"}),
  };
}
// clang-format on

}  // namespace

std::span<const SettingSpec> settings_table() {
  static const std::vector<SettingSpec> table = [] {
    std::vector<SettingSpec> all = server_settings();
    std::ranges::move(export_settings(), std::back_inserter(all));
    std::ranges::move(dialect_settings(), std::back_inserter(all));
    return all;
  }();
  return table;
}

}  // namespace meterport
