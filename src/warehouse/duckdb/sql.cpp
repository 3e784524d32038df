#include "warehouse/duckdb/sql.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterport::warehouse::duck {

namespace {

// Integer division of DuckDB truncates; the shift keeps days before 1970 right without a branch.
constexpr std::int64_t shift_days = 4'000'000;

std::string day_of_time() {
  return fmt::format("CAST((time_us + {}) // {} - {} AS INTEGER)", shift_days * Instant::us_per_day,
                     Instant::us_per_day, shift_days);
}

std::uint64_t as_literal(std::uint64_t position) {
  return std::min<std::uint64_t>(position, INT64_MAX);
}

std::vector<std::uint64_t> widened(const std::vector<Code>& codes) {
  return {codes.begin(), codes.end()};
}

/// " AND org ... AND meter ..."
std::string code_filters(const SumQuery& query) {
  std::string sql = " AND " + is_one_of("org", widened(query.orgs));
  if (!query.meters.empty()) sql += " AND " + is_one_of("meter", widened(query.meters));
  return sql;
}

std::string from_facts(const SumQuery& query, const std::string& columns, std::uint64_t after) {
  std::string sql = fmt::format("SELECT {} FROM facts WHERE position <= {}", columns, as_literal(query.as_of_position));
  if (after > 0) sql += fmt::format(" AND position > {}", as_literal(after));
  sql += fmt::format(" AND time_us >= {} AND time_us < {}", query.from.us, query.to.us);
  return sql + code_filters(query);
}

std::string from_roll_up(const SumQuery& query, const std::string& columns, const Cover& covered) {
  std::string sql = fmt::format("SELECT {} FROM rollup WHERE {}", columns, is_one_of("run", covered.runs));
  sql += fmt::format(" AND day >= {} AND day < {}", day_of(query.from).days, day_of(query.to).days);
  return sql + code_filters(query);
}

/// The key columns with a trailing ", " each.
std::string keys(const SumQuery& query, std::string_view day) {
  std::string columns;
  if (query.by_org) columns += "org, ";
  if (query.by_meter) columns += "meter, ";
  if (query.by_day) columns += std::string(day) + ", ";
  for (const Dimension dimension : query.group_by) columns += std::string(column_name(dimension)) + ", ";
  return columns;
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
      "meter UINTEGER NOT NULL, whole HUGEINT NOT NULL, fraction HUGEINT NOT NULL, records UBIGINT NOT NULL)",
      "CREATE TABLE runs (id UBIGINT NOT NULL, first_position UBIGINT NOT NULL, last_position UBIGINT NOT NULL, "
      "row_count UBIGINT NOT NULL, parent UBIGINT NOT NULL)",
      "CREATE TABLE meta (schema_version INTEGER NOT NULL, loaded_position UBIGINT NOT NULL)",
      fmt::format("INSERT INTO meta VALUES ({}, 0)", schema_version),
  };
}

bool roll_up_can_answer(const SumQuery& query) {
  return query.group_by.empty() && start_of(day_of(query.from)) == query.from && start_of(day_of(query.to)) == query.to;
}

std::string sum_statement(const SumQuery& query, const Cover& covered) {
  std::string source;
  if (!roll_up_can_answer(query)) {
    // SUM of BIGINT is HUGEINT: it cannot overflow.
    source =
        from_facts(query, keys(query, day_of_time() + " AS day") + "whole, fraction, CAST(1 AS UBIGINT) AS records", 0);
  } else {
    if (!covered.runs.empty()) {
      source = from_roll_up(query, keys(query, "day") + "whole, fraction, records", covered);
    }
    if (!covered.is_all || source.empty()) {
      if (!source.empty()) source += " UNION ALL ";
      source += from_facts(query,
                           keys(query, day_of_time() + " AS day") +
                               "CAST(whole AS HUGEINT) AS whole, CAST(fraction AS HUGEINT) AS fraction, "
                               "CAST(1 AS UBIGINT) AS records",
                           covered.end);
    }
  }
  const std::string names = keys(query, "day");
  std::string sql =
      fmt::format("SELECT {}SUM(whole), SUM(fraction), CAST(SUM(records) AS UBIGINT) FROM ({})", names, source);
  if (!names.empty()) sql += " GROUP BY " + names.substr(0, names.size() - 2);
  return sql + " HAVING COUNT(*) > 0";
}

std::string merge_statement(const std::vector<RollUpRun>& runs, std::uint64_t id) {
  std::vector<std::uint64_t> ids;
  for (const RollUpRun& run : runs) ids.push_back(run.id);
  return fmt::format(
      "INSERT INTO rollup SELECT {}, day, org, meter, SUM(whole), SUM(fraction), CAST(SUM(records) AS UBIGINT) "
      "FROM rollup WHERE {} GROUP BY day, org, meter ORDER BY day, org, meter",
      id, is_one_of("run", std::move(ids)));
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
