#include "intake/operations/operation_row.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <sstream>

namespace meterport::intake {
namespace {

constexpr std::array<const char*, 24> columns = {
    "id",
    "file",
    "kind",
    "channel",
    "org",
    "note",
    "idempotency_key",
    "body_sha256",
    "body_bytes",
    "items",
    "principal_id",
    "principal_name",
    "principal_org",
    "default_source",
    "grants",
    "catalogue_position",
    "created_us",
    "state",
    "error",
    "finished_us",
    "stored",
    "duplicates",
    "conflicts",
    "rejected",
};
constexpr std::string_view all_rights = "*";

std::string rights_of(const Principal& sender) {
  if (sender.is_server_itself) return std::string(all_rights);
  std::string out;
  for (const Grant& grant : sender.grants) {
    if (!out.empty()) out += ' ';
    out.append(to_string(grant.role)).append("@").append(grant.org);
  }
  return out;
}

/// A role that this version does not know gives no right.
void read_rights(const std::string& text, Principal& sender) {
  sender.is_server_itself = text == all_rights;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t at = word.find('@');
    if (at == std::string::npos) continue;
    if (const auto role = parse_role(word.substr(0, at))) sender.grants.push_back({*role, word.substr(at + 1)});
  }
}

OperationState state_of(const std::string& word) {
  for (const OperationState state :
       {OperationState::created, OperationState::success, OperationState::partial_success}) {
    if (word == to_string(state)) return state;
  }
  return OperationState::failed;
}

}  // namespace

const std::string& insert_operation_statement() {
  static const std::string statement =
      fmt::format("INSERT INTO operations ({}) VALUES (:{})", fmt::join(columns, ", "), fmt::join(columns, ", :"));
  return statement;
}

}  // namespace meterport::intake

namespace soci {

using meterport::Instant;
using meterport::intake::Operation;
using meterport::intake::StoredOperation;

namespace {

std::uint64_t count(const values& row, const char* column) {
  return static_cast<std::uint64_t>(row.get<long long>(column));
}

void set_count(values& row, const char* column, std::uint64_t value) {
  row.set(column, static_cast<long long>(value));
}

}  // namespace

void type_conversion<StoredOperation>::from_base(const values& row, indicator, StoredOperation& stored) {
  stored.file = row.get<std::string>("file");
  stored.idempotency_key = row.get<std::string>("idempotency_key");
  stored.body_sha256 = row.get<std::string>("body_sha256");
  Operation& operation = stored.operation;
  operation.id = row.get<long long>("id");
  operation.kind = row.get<std::string>("kind");
  operation.channel = row.get<std::string>("channel");
  operation.org = row.get<std::string>("org");
  operation.note = row.get<std::string>("note");
  operation.items = count(row, "items");
  operation.body_bytes = count(row, "body_bytes");
  operation.sender = {};
  operation.sender.id = row.get<std::string>("principal_id");
  operation.sender.name = row.get<std::string>("principal_name");
  operation.sender.org = row.get<std::string>("principal_org");
  operation.sender.default_source = row.get<std::string>("default_source");
  meterport::intake::read_rights(row.get<std::string>("grants"), operation.sender);
  operation.catalogue_position = count(row, "catalogue_position");
  operation.created = Instant{row.get<long long>("created_us")};
  operation.state = meterport::intake::state_of(row.get<std::string>("state"));
  operation.error = row.get<std::string>("error");
  const Instant finished{row.get<long long>("finished_us")};
  operation.finished = finished.us > 0 ? std::optional(finished) : std::nullopt;
  operation.counts = {count(row, "stored"), count(row, "duplicates"), count(row, "conflicts"), count(row, "rejected")};
}

void type_conversion<StoredOperation>::to_base(const StoredOperation& stored, values& row, indicator& ind) {
  const Operation& operation = stored.operation;
  row.set("id", static_cast<long long>(operation.id));
  row.set("file", stored.file);
  row.set("kind", operation.kind);
  row.set("channel", operation.channel);
  row.set("org", operation.org);
  row.set("note", operation.note);
  row.set("idempotency_key", stored.idempotency_key);
  row.set("body_sha256", stored.body_sha256);
  set_count(row, "body_bytes", operation.body_bytes);
  set_count(row, "items", operation.items);
  row.set("principal_id", operation.sender.id);
  row.set("principal_name", operation.sender.name);
  row.set("principal_org", operation.sender.org);
  row.set("default_source", operation.sender.default_source);
  row.set("grants", meterport::intake::rights_of(operation.sender));
  set_count(row, "catalogue_position", operation.catalogue_position);
  row.set("created_us", static_cast<long long>(operation.created.us));
  row.set("state", std::string(to_string(operation.state)));
  row.set("error", operation.error);
  row.set("finished_us", static_cast<long long>(operation.finished.value_or(Instant{}).us));
  set_count(row, "stored", operation.counts.stored);
  set_count(row, "duplicates", operation.counts.duplicates);
  set_count(row, "conflicts", operation.counts.conflicts);
  set_count(row, "rejected", operation.counts.rejected);
  ind = i_ok;
}

}  // namespace soci
