#include "warehouse/duckdb/sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterport::warehouse::duck {

namespace {

// Integer division of DuckDB truncates; the shift keeps days before 1970 right without a branch.
constexpr std::int64_t shift_days = 4'000'000;

std::string day_of_time() {
  return fmt::format("CAST((time_us + {}) // {} - {} AS INTEGER) AS day", shift_days * Instant::us_per_day,
                     Instant::us_per_day, shift_days);
}

std::string step_of_time(const SumQuery& query) {
  const std::int64_t shift_steps = shift_days * Instant::us_per_day / query.step_us;
  return fmt::format("(time_us + {}) // {} - {} AS step", shift_steps * query.step_us - query.step_origin.us,
                     query.step_us, shift_steps);
}

constexpr std::string_view roll_up_parts = "whole_1e9, whole, fraction_1e9, fraction";
constexpr std::string_view facts_as_parts =
    "whole // 1000000000 AS whole_1e9, whole % 1000000000 AS whole, "
    "fraction // 1000000000 AS fraction_1e9, fraction % 1000000000 AS fraction";

std::uint64_t as_literal(std::uint64_t position) {
  return std::min<std::uint64_t>(position, INT64_MAX);
}

std::vector<std::uint64_t> widened(const std::vector<Code>& codes) {
  return {codes.begin(), codes.end()};
}

/// " AND org ... AND meter ..."
std::string code_filters(const std::vector<Code>& orgs, const std::vector<Code>& meters) {
  std::string sql = " AND " + is_one_of("org", widened(orgs));
  if (!meters.empty()) sql += " AND " + is_one_of("meter", widened(meters));
  return sql;
}

/// The facts of these accounts: a join, which stays fast for thousands of them.
std::string facts_of(const std::vector<UsageKey>& accounts) {
  if (accounts.empty()) return "facts";
  const auto list = [&](Code UsageKey::* part) {
    std::string codes;
    for (const UsageKey& account : accounts) codes += fmt::format("{}{}", codes.empty() ? "" : ",", account.*part);
    return codes;
  };
  return fmt::format(
      "facts SEMI JOIN (SELECT UNNEST([{}]::UINTEGER[]) AS o, UNNEST([{}]::UINTEGER[]) AS m, "
      "UNNEST([{}]::UINTEGER[]) AS s) AS accounts "
      "ON facts.org = accounts.o AND facts.meter = accounts.m AND facts.subscription = accounts.s",
      list(&UsageKey::org), list(&UsageKey::meter), list(&UsageKey::subscription));
}

std::string only_filters(const std::vector<CodeFilter>& only) {
  std::string sql;
  for (const CodeFilter& filter : only) {
    sql += " AND " + is_one_of(column_name(filter.dimension), widened(filter.codes));
  }
  return sql;
}

/// Of a SumQuery or ScanQuery.
template <class Query>
std::string from_facts(const Query& query, const std::string& columns, std::uint64_t after) {
  std::string sql = fmt::format("SELECT {} FROM {} WHERE position <= {}", columns, facts_of(query.accounts),
                                as_literal(query.as_of_position));
  if (after > 0) sql += fmt::format(" AND position > {}", as_literal(after));
  sql += fmt::format(" AND time_us >= {} AND time_us < {}", query.from.us, query.to.us);
  return sql + code_filters(query.orgs, query.meters) + only_filters(query.only);
}

std::string from_roll_up(const SumQuery& query, const std::string& columns, const Cover& covered) {
  std::string sql = fmt::format("SELECT {} FROM rollup WHERE {}", columns, is_one_of("run", covered.runs));
  sql += fmt::format(" AND day >= {} AND day < {}", day_of(query.from).days, day_of(query.to).days);
  return sql + code_filters(query.orgs, query.meters);
}

std::vector<std::uint64_t> ids_of(const std::vector<RollUpRun>& runs) {
  std::vector<std::uint64_t> ids;
  for (const RollUpRun& run : runs) ids.push_back(run.id);
  return ids;
}

/// The key columns with a trailing ", " each.
std::string keys(const SumQuery& query, std::string_view day, std::string_view step) {
  std::string columns;
  if (query.by_org) columns += "org, ";
  if (query.by_meter) columns += "meter, ";
  if (query.by_day) columns += std::string(day) + ", ";
  if (query.step_us > 0) columns += std::string(step) + ", ";
  for (const Dimension dimension : query.group_by) columns += std::string(column_name(dimension)) + ", ";
  return columns;
}

/// "SUM(a), SUM(b), " of "a, b".
std::string sums_of(std::string_view columns) {
  std::string sql;
  while (!columns.empty()) {
    const std::size_t end = std::min(columns.find(", "), columns.size());
    sql += fmt::format("SUM({}), ", columns.substr(0, end));
    columns.remove_prefix(std::min(end + 2, columns.size()));
  }
  return sql;
}

/// Of rows (day, org, meter, parts, records), as rows of the run.
std::string insert_run(std::uint64_t id, const std::string& source) {
  return fmt::format(
      "INSERT INTO rollup SELECT {}, day, org, meter, CAST(SUM(whole_1e9) AS BIGINT), CAST(SUM(whole) AS BIGINT), "
      "CAST(SUM(fraction_1e9) AS BIGINT), CAST(SUM(fraction) AS BIGINT), CAST(SUM(records) AS UBIGINT) "
      "FROM ({}) GROUP BY day, org, meter ORDER BY day, org, meter",
      id, source);
}

}  // namespace

std::vector<std::string> create_statements() {
  std::string facts =
      "CREATE TABLE facts (position UBIGINT NOT NULL, time_us BIGINT NOT NULL, whole BIGINT NOT NULL, "
      "fraction BIGINT NOT NULL, line INTEGER NOT NULL";
  for (std::size_t i = 0; i < dimension_count; ++i) {
    facts += fmt::format(", {} UINTEGER NOT NULL", column_name(static_cast<Dimension>(i)));
  }
  return {
      facts + ")",
      "CREATE TABLE words (dimension UTINYINT NOT NULL, code UINTEGER NOT NULL, text BLOB NOT NULL)",
      "CREATE TABLE rollup (run UBIGINT NOT NULL, day INTEGER NOT NULL, org UINTEGER NOT NULL, "
      "meter UINTEGER NOT NULL, whole_1e9 BIGINT NOT NULL, whole BIGINT NOT NULL, fraction_1e9 BIGINT NOT NULL, "
      "fraction BIGINT NOT NULL, records UBIGINT NOT NULL)",
      "CREATE TABLE runs (id UBIGINT NOT NULL, first_position UBIGINT NOT NULL, last_position UBIGINT NOT NULL, "
      "row_count UBIGINT NOT NULL, parent UBIGINT NOT NULL)",
      "CREATE TABLE meta (schema_version INTEGER NOT NULL, loaded_position UBIGINT NOT NULL)",
      fmt::format("INSERT INTO meta VALUES ({}, 0)", schema_version),
  };
}

bool roll_up_can_answer(const SumQuery& query) {
  return query.group_by.empty() && query.step_us == 0 && query.only.empty() && query.accounts.empty() &&
         start_of(day_of(query.from)) == query.from && start_of(day_of(query.to)) == query.to;
}

std::string sum_statement(const SumQuery& query, const SumPlan& plan) {
  const bool use_roll_up = !plan.covered.runs.empty();
  const std::string_view parts = !plan.with_quantity ? "" : use_roll_up ? roll_up_parts : "whole, fraction";
  const std::string facts_parts = std::string(use_roll_up && plan.with_quantity ? facts_as_parts : parts);
  const std::string comma = parts.empty() ? "" : ", ";
  const std::string one_record = comma + "CAST(1 AS UBIGINT) AS records";
  std::string source;
  if (use_roll_up) {
    source = from_roll_up(query, keys(query, "day", {}) + std::string(parts) + comma + "records", plan.covered);
    source += " UNION ALL ";
  }
  const std::string step = query.step_us > 0 ? step_of_time(query) : "";
  source += from_facts(query, keys(query, day_of_time(), step) + facts_parts + one_record, plan.covered.end);
  const std::string names = keys(query, "day", "step");
  std::string sql = fmt::format("SELECT {}{}CAST(SUM(records) AS UBIGINT) FROM ({})", names, sums_of(parts), source);
  if (!names.empty()) sql += " GROUP BY " + names.substr(0, names.size() - 2);
  return sql + " HAVING COUNT(*) > 0";
}

bool wants_parts(const SumQuery& query, const SumPlan& plan) {
  return plan.with_quantity && !plan.covered.runs.empty() && query.by_org && query.by_meter && query.by_day;
}

std::string parts_statement(const SumQuery& query, const SumPlan& plan) {
  const std::string rolled_up =
      from_roll_up(query, fmt::format("org, meter, day, {}, records", roll_up_parts), plan.covered);
  const std::string rest =
      from_facts(query, fmt::format("org, meter, {}, {}", day_of_time(), facts_as_parts), plan.covered.end);
  return fmt::format(
      "{} UNION ALL SELECT org, meter, day, CAST(SUM(whole_1e9) AS BIGINT), CAST(SUM(whole) AS BIGINT), "
      "CAST(SUM(fraction_1e9) AS BIGINT), CAST(SUM(fraction) AS BIGINT), CAST(COUNT(*) AS UBIGINT) "
      "FROM ({}) GROUP BY org, meter, day",
      rolled_up, rest);
}

std::string first_days_statement(const SumQuery& query, const Cover& covered) {
  std::string source = from_facts(query, "org, meter, " + day_of_time(), covered.end);
  if (!covered.runs.empty()) source += " UNION ALL " + from_roll_up(query, "org, meter, day", covered);
  return fmt::format("SELECT org, meter, MIN(day) FROM ({}) GROUP BY org, meter", source);
}

std::string scan_statement(const ScanQuery& query) {
  std::string columns = "position, time_us, whole, fraction, org, meter";
  for (const Dimension dimension : query.dims) columns += ", " + std::string(column_name(dimension));
  return from_facts(query, columns, query.after_position);
}

std::string extend_statement(std::uint64_t id, std::uint64_t after, std::uint64_t last) {
  return insert_run(id, fmt::format("SELECT {}, org, meter, {}, CAST(1 AS UBIGINT) AS records FROM facts "
                                    "WHERE position > {} AND position <= {}",
                                    day_of_time(), facts_as_parts, after, last));
}

std::string merge_statement(std::uint64_t id, const std::vector<RollUpRun>& runs) {
  return insert_run(id, "SELECT day, org, meter, " + std::string(roll_up_parts) + ", records FROM rollup WHERE " +
                            is_one_of("run", ids_of(runs)));
}

std::string merged_rows_statement(const std::vector<RollUpRun>& runs) {
  return "SELECT APPROX_COUNT_DISTINCT(HASH(day, org, meter)) FROM rollup WHERE " + is_one_of("run", ids_of(runs));
}

std::string is_one_of(std::string_view column, std::vector<std::uint64_t> values) {
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  // The range lets the store skip whole row groups by their minimum and maximum.
  std::string sql = fmt::format("{} >= {} AND {} <= {}", column, values.front(), column, values.back());
  if (values.back() - values.front() + 1 == values.size()) return sql;
  return fmt::format("{} AND {} IN ({})", sql, column, fmt::join(values, ","));
}

}  // namespace meterport::warehouse::duck
