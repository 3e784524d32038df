// Numbered jobs of the job store.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ids.h"
#include "exports/job_row.h"

namespace meterport::exports {
namespace {

/// As the store holds them, and as an SQL list: what is in the store are ids of orgs, none of which holds a quote.
std::string quoted_lists(const std::vector<OrgList>& lists) {
  std::string out;
  for (const OrgList& list : lists) {
    if (!std::ranges::all_of(list, is_safe_id)) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("'{}'", fmt::join(list, " "));
  }
  return out;
}

std::string condition_of(const NumberedScope& scope, const std::string& hidden) {
  std::string where = "number > 0 AND org = :org AND dialect = :dialect";
  if (!scope.project.empty()) where += " AND billed_project = :project";
  if (!hidden.empty()) where += fmt::format(" AND (user_id = :user_id OR billed_orgs NOT IN ({}))", hidden);
  return where;
}

}  // namespace

Result<StoredJob> JobStore::get_numbered(std::uint64_t number) {
  std::string id;
  auto done = control_.read([&](soci::session& session) -> Status {
    session << fmt::format("SELECT id FROM export_jobs WHERE number > 0 AND number = {}", number), soci::into(id);
    return {};
  });
  if (!done) return fail(std::move(done));
  return get(id);
}

Result<std::vector<OrgList>> JobStore::billed_org_lists(const std::string& org, const std::string& dialect) {
  std::vector<OrgList> lists;
  auto done = control_.read([&](soci::session& session) -> Status {
    const soci::rowset<std::string> rows =
        (session.prepare << "SELECT DISTINCT billed_orgs FROM export_jobs WHERE number > 0 AND org = :org AND dialect "
                            "= :dialect AND billed_orgs <> ''",
         soci::use(org, "org"), soci::use(dialect, "dialect"));
    for (const std::string& row : rows) lists.push_back(split_words(row));
    return {};
  });
  if (!done) return fail(std::move(done));
  return lists;
}

Result<JobStore::NumberedPage> JobStore::numbered(const NumberedRequest& request, const NumberedScope& scope) {
  const std::string hidden = quoted_lists(scope.hidden_org_lists);
  const std::string where = condition_of(scope, hidden);
  const auto bind = [&](auto& statement) {
    statement, soci::use(request.org, "org"), soci::use(request.dialect, "dialect");
    if (!scope.project.empty()) statement, soci::use(scope.project, "project");
    if (!hidden.empty()) statement, soci::use(scope.user_id, "user_id");
  };
  const char* const direction = request.is_ascending ? "ASC" : "DESC";
  NumberedPage page;
  auto done = control_.read([&](soci::session& session) -> Status {
    long long total = 0;
    auto counting = (session.prepare << "SELECT COUNT(*) FROM export_jobs WHERE " + where);
    bind(counting);
    counting, soci::into(total);
    soci::statement(counting).execute(true);
    page.total = static_cast<std::uint64_t>(total);
    if (request.skip >= page.total) return {};
    auto reading = (session.prepare << fmt::format(
                        "SELECT * FROM export_jobs WHERE {0} ORDER BY created_us {1}, number {1} LIMIT {2} OFFSET {3}",
                        where, direction, request.count_max, request.skip));
    bind(reading);
    const soci::rowset<StoredJob> rows(reading);
    for (const StoredJob& row : rows) page.jobs.push_back(row);
    return {};
  });
  if (!done) return fail(std::move(done));
  return page;
}

}  // namespace meterport::exports
