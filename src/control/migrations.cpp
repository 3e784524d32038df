#include "control/migrations.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/log.h"

namespace meterport::control {
namespace {

std::size_t end_of_line(std::string_view sql, std::size_t at) {
  return std::min(sql.find('\n', at), sql.size());
}

std::size_t end_of_block_comment(std::string_view sql, std::size_t at) {
  const std::size_t end = sql.find("*/", at + 2);
  return end == std::string_view::npos ? sql.size() : end + 2;
}

/// One past the closing quote; a doubled quote inside is two adjacent quoted texts to us, which is the same.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
  const std::size_t end = sql.find(sql[at], at + 1);
  return end == std::string_view::npos ? sql.size() : end + 1;
}

void push_trimmed(std::vector<std::string>& out, std::string& statement) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = statement.find_first_not_of(blanks);
  if (first != std::string::npos) {
    out.push_back(statement.substr(first, statement.find_last_not_of(blanks) - first + 1));
  }
  statement.clear();
}

std::set<int> applied_numbers(soci::session& session) {
  session << "CREATE TABLE IF NOT EXISTS schema_migrations ("
             "number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at_us BIGINT NOT NULL)";
  std::set<int> applied;
  const soci::rowset<int> rows = (session.prepare << "SELECT number FROM schema_migrations");
  for (int number : rows) applied.insert(number);
  return applied;
}

void apply_one(soci::session& session, const Migration& migration) {
  session << "BEGIN IMMEDIATE";
  try {
    for (const std::string& statement : split_statements(migration.sql)) session << statement;
    const std::string name(migration.name);
    const long long now_us = system_clock().now().us;
    session << "INSERT INTO schema_migrations (number, name, applied_at_us) VALUES (:number, :name, :now)",
        soci::use(migration.number, "number"), soci::use(name, "name"), soci::use(now_us, "now");
    session << "COMMIT";
  } catch (...) {
    session << "ROLLBACK";
    throw;
  }
  log::debug("schema changed", {{"migration", migration.name}});
}

}  // namespace

std::vector<std::string> split_statements(std::string_view sql) {
  std::vector<std::string> out;
  std::string statement;
  std::size_t at = 0;
  while (at < sql.size()) {
    const char c = sql[at];
    if (sql.substr(at, 2) == "--") {
      at = end_of_line(sql, at);
    } else if (sql.substr(at, 2) == "/*") {
      at = end_of_block_comment(sql, at);
      statement += ' ';
    } else if (c == '\'' || c == '"') {
      const std::size_t end = end_of_quoted(sql, at);
      statement += sql.substr(at, end - at);
      at = end;
    } else if (c == ';') {
      push_trimmed(out, statement);
      ++at;
    } else {
      statement += c;
      ++at;
    }
  }
  push_trimmed(out, statement);
  return out;
}

Status migrate(soci::session& session, std::span<const Migration> table) {
  const std::set<int> applied = applied_numbers(session);
  for (int number : applied) {
    if (std::ranges::find(table, number, &Migration::number) == table.end()) {
      return fail(ErrorKind::not_supported,
                  fmt::format("the data directory was written by a newer version (schema step {} is unknown here): "
                              "run that version, or restore a backup made by this one",
                              number));
    }
  }
  for (const Migration& migration : table) {
    if (!applied.contains(migration.number)) apply_one(session, migration);
  }
  return {};
}

}  // namespace meterport::control
