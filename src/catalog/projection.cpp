#include "catalog/projection.h"

#include <fmt/format.h>
#include <soci/soci.h>

namespace meterport::catalog {
namespace {

// SOCI exchanges 64-bit numbers as long long; positions stay far below its end.
long long as_number(std::uint64_t position) {
  return static_cast<long long>(position);
}
std::uint64_t as_position(long long number) {
  return static_cast<std::uint64_t>(number);
}

bool is_catalogue_kind(std::string_view kind) {
  return kind == "org" || kind == "meter" || kind == "subscription" || kind == "region";
}

std::string member_text(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.find(name);
  return value == nullptr ? std::string{} : value->text;
}

/// Records of other modules (a FOCUS layout of intake) share the kind, whatever they hold; they are passed over.
Result<bool> read_record(const ledger::StoredRecord& record, RecordedObject& out) {
  const auto tree = parse_json(record.payload);
  if (!tree) {
    if (record.kind == ledger::RecordKind::catalogue_change) return false;
    return fail(ErrorKind::internal, fmt::format("the org record at position {} cannot be read", record.position),
                tree.error().text);
  }
  const std::string kind = member_text(*tree, "kind");
  const JsonValue* object = tree->find("object");
  if (!is_catalogue_kind(kind) || object == nullptr || !object->is_object()) return false;
  out.position = record.position;
  out.recorded_at = record.commit_time;
  out.change.record_kind = record.kind;
  out.change.kind = kind;
  out.change.id = member_text(*object, kind == "region" ? "name" : "id");
  if (kind == "meter" || kind == "subscription") out.change.owner = member_text(*object, "org");
  JsonWriter body(out.change.body);
  append_json(body, *object);
  return true;
}

}  // namespace

Result<std::uint64_t> read_projected_position(control::Store& store) {
  long long position = 0;
  auto done = store.read([&](soci::session& sql) -> Status {
    sql << "SELECT projected_position FROM catalogue_projection WHERE name = 'catalogue'", soci::into(position);
    return {};
  });
  if (!done) return fail(std::move(done));
  return as_position(position);
}

Status project(control::Store& store, const std::vector<RecordedObject>& rows, std::uint64_t projected_position) {
  return store.write([&](soci::session& sql) -> Status {
    long long position = 0, recorded_at_us = 0;
    std::string kind, owner, id, body;
    soci::statement insert =
        (sql.prepare << "INSERT INTO catalogue_versions (recorded_at_position, kind, owner, id, recorded_at_us, body) "
                        "VALUES (:position, :kind, :owner, :id, :recorded_at_us, :body) "
                        "ON CONFLICT (recorded_at_position) DO NOTHING",
         soci::use(position), soci::use(kind), soci::use(owner), soci::use(id), soci::use(recorded_at_us),
         soci::use(body));
    for (const RecordedObject& row : rows) {
      position = as_number(row.position);
      recorded_at_us = row.recorded_at.us;
      kind = row.change.kind;
      owner = row.change.owner;
      id = row.change.id;
      body = row.change.body;
      insert.execute(true);
    }
    const long long projected = as_number(projected_position);
    sql << "INSERT INTO catalogue_projection (name, projected_position) VALUES ('catalogue', :position) "
           "ON CONFLICT (name) DO UPDATE SET projected_position = excluded.projected_position",
        soci::use(projected);
    return {};
  });
}

Result<State> load_state(control::Store& store, std::uint64_t position) {
  State state;
  auto done = store.read([&](soci::session& sql) -> Status {
    long long recorded_at = 0;
    std::string kind, body;
    const long long up_to = as_number(position);
    // In order of first appearance, so that the first tenant is known.
    soci::statement rows =
        (sql.prepare << "SELECT v.recorded_at_position, v.kind, v.body FROM catalogue_versions v JOIN ("
                        "SELECT MIN(recorded_at_position) AS made, MAX(recorded_at_position) AS newest "
                        "FROM catalogue_versions WHERE recorded_at_position <= :up_to GROUP BY kind, owner, id) o "
                        "ON v.recorded_at_position = o.newest ORDER BY o.made",
         soci::use(up_to), soci::into(recorded_at), soci::into(kind), soci::into(body));
    rows.execute();
    while (rows.fetch()) {
      auto put = put_recorded(state, kind, body, as_position(recorded_at));
      if (!put) return put;
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return state;
}

Result<std::vector<std::uint64_t>> read_change_ends(control::Store& store) {
  std::vector<std::uint64_t> ends;
  auto done = store.read([&](soci::session& sql) -> Status {
    const soci::rowset<long long> rows =
        (sql.prepare << "SELECT recorded_at_position FROM catalogue_versions ORDER BY recorded_at_position");
    for (const long long row : rows) {
      if (!ends.empty() && ends.back() + 1 == as_position(row)) {
        ends.back() = as_position(row);
      } else {
        ends.push_back(as_position(row));
      }
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return ends;
}

Result<Replayed> replay(ledger::Log& log, std::uint64_t position) {
  Replayed out{{}, position};
  const auto reader = log.read_from(position + 1);
  ledger::StoredRecord record;
  while (true) {
    auto more = reader->next(record);
    if (!more) return fail(std::move(more));
    if (!*more) return out;
    out.read_to = record.position;
    const bool is_ours =
        record.kind == ledger::RecordKind::org_change || record.kind == ledger::RecordKind::catalogue_change;
    if (!is_ours || record.erased) continue;
    RecordedObject row;
    auto read = read_record(record, row);
    if (!read) return fail(std::move(read));
    if (*read) out.rows.push_back(std::move(row));
  }
}

}  // namespace meterport::catalog
