#include "intake/operations/operation_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ids.h"
#include "intake/operations/operation_row.h"

namespace meterport::intake {
namespace {

std::vector<StoredOperation> select(soci::session& session, const std::string& tail) {
  std::vector<StoredOperation> out;
  const soci::rowset<StoredOperation> rows = (session.prepare << "SELECT * FROM operations " + tail);
  for (const StoredOperation& row : rows) out.push_back(row);
  return out;
}

std::optional<StoredOperation> select_same_key(soci::session& session, const StoredOperation& row) {
  StoredOperation found;
  session << "SELECT * FROM operations WHERE channel = :channel AND org = :org AND idempotency_key = :key",
      soci::use(row.operation.channel), soci::use(row.operation.org), soci::use(row.idempotency_key), soci::into(found);
  return session.got_data() ? std::optional(std::move(found)) : std::nullopt;
}

/// As an SQL list. Ids in the catalogue are safe ids; anything else can't have operations.
std::string quoted_list(const std::vector<std::string>& ids) {
  std::vector<std::string> safe;
  for (const std::string& id : ids) {
    if (is_safe_id(id)) safe.push_back("'" + id + "'");
  }
  return fmt::format("{}", fmt::join(safe, ", "));
}

}  // namespace

Result<bool> OperationStore::insert(StoredOperation& row) {
  bool is_new = true;
  Status done = control_.write([&](soci::session& session) -> Status {
    if (!row.idempotency_key.empty()) {
      if (auto known = select_same_key(session, row)) {
        if (known->body_sha256 != row.body_sha256) {
          return fail(ErrorKind::conflict, "The idempotency key was used for another request already.");
        }
        row = std::move(*known);
        is_new = false;
        return {};
      }
    }
    long long next = 0;
    session << "SELECT next FROM operation_numbers WHERE name = 'operation'", soci::into(next);
    session << "UPDATE operation_numbers SET next = next + 1 WHERE name = 'operation'";
    row.operation.id = next;
    session << insert_operation_statement(), soci::use(row);
    return {};
  });
  if (!done) return fail(std::move(done));
  return is_new;
}

Result<StoredOperation> OperationStore::get(OperationId id) {
  StoredOperation row;
  bool is_found = false;
  const Status done = control_.read([&](soci::session& session) -> Status {
    const auto number = static_cast<long long>(id);
    session << "SELECT * FROM operations WHERE id = :id", soci::use(number), soci::into(row);
    is_found = session.got_data();
    return {};
  });
  if (!done) return fail(done);
  if (!is_found) return fail(ErrorKind::not_found, "There is no such operation.");
  return row;
}

Result<std::vector<StoredOperation>> OperationStore::page(const std::optional<std::vector<std::string>>& orgs,
                                                          OperationId before, std::size_t count_max) {
  std::vector<StoredOperation> rows;
  const Status done = control_.read([&](soci::session& session) -> Status {
    std::string tail = "WHERE 1 = 1";
    if (before > 0) tail += fmt::format(" AND id < {}", before);
    if (orgs) tail += fmt::format(" AND org IN ({})", quoted_list(*orgs));
    rows = select(session, fmt::format("{} ORDER BY id DESC LIMIT {}", tail, count_max));
    return {};
  });
  if (!done) return fail(done);
  return rows;
}

Result<std::vector<StoredOperation>> OperationStore::unfinished() {
  std::vector<StoredOperation> rows;
  const Status done = control_.read([&](soci::session& session) -> Status {
    rows = select(session, "WHERE state = 'CREATED' ORDER BY id");
    return {};
  });
  if (!done) return fail(done);
  return rows;
}

Status OperationStore::finish(const Operation& operation) {
  return control_.write([&](soci::session& session) -> Status {
    const std::string state(to_string(operation.state));
    const auto id = static_cast<long long>(operation.id);
    const auto finished_us = static_cast<long long>(operation.finished.value_or(Instant{}).us);
    const auto stored = static_cast<long long>(operation.counts.stored);
    const auto duplicates = static_cast<long long>(operation.counts.duplicates);
    const auto conflicts = static_cast<long long>(operation.counts.conflicts);
    const auto rejected = static_cast<long long>(operation.counts.rejected);
    session << "UPDATE operations SET state = :state, error = :error, finished_us = :finished, stored = :stored, "
               "duplicates = :duplicates, conflicts = :conflicts, rejected = :rejected WHERE id = :id",
        soci::use(state), soci::use(operation.error), soci::use(finished_us), soci::use(stored), soci::use(duplicates),
        soci::use(conflicts), soci::use(rejected), soci::use(id);
    return {};
  });
}

Result<std::vector<StoredOperation>> OperationStore::ended_before(Instant instant, std::size_t count_max) {
  std::vector<StoredOperation> rows;
  const Status done = control_.read([&](soci::session& session) -> Status {
    rows = select(session, fmt::format("WHERE finished_us > 0 AND finished_us <= {} ORDER BY finished_us LIMIT {}",
                                       instant.us, count_max));
    return {};
  });
  if (!done) return fail(done);
  return rows;
}

Status OperationStore::remove(OperationId id) {
  return control_.write([&](soci::session& session) -> Status {
    const auto number = static_cast<long long>(id);
    session << "DELETE FROM operations WHERE id = :id", soci::use(number);
    return {};
  });
}

Result<std::set<std::string, std::less<>>> OperationStore::files() {
  std::set<std::string, std::less<>> files;
  const Status done = control_.read([&](soci::session& session) -> Status {
    const soci::rowset<std::string> rows = (session.prepare << "SELECT file FROM operations");
    files.insert(rows.begin(), rows.end());
    return {};
  });
  if (!done) return fail(done);
  return files;
}

}  // namespace meterport::intake
