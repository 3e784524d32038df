// JSON and NDJSON bodies of POST /v1/usage -> records (DESIGN 9, crosswalk 1.1).
//
// One bad item costs exactly one item: it becomes a RecordError at its index and the others are read. Only a body
// that cannot be split into items at all (JSON that does not parse) is an error of the call. Every field of every
// item is visited: unknown members, duplicate members, wrong types and trailing text are found.
// Thread-safe: a parser per thread is kept inside.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "model/usage_record.h"

namespace meterport::formats {

struct UsageReadOptions {
  std::size_t records_max = 100'000;
  std::size_t record_bytes_max = 262'144;
  std::size_t text_bytes_max = 1'024;  ///< id, source and dimension texts
  std::size_t memo_characters_max = 4'000;
  std::size_t nesting_max = 16;     ///< depth inside properties
  std::string_view default_source;  ///< of records that name none
  /// On the wire names "focus.*", "tags.*" and the reserved sources are refused; importers allow them.
  bool is_wire = true;
};

/// A body handed in with this much spare capacity is not copied.
inline constexpr std::size_t body_spare_bytes = 64;

/// `application/json`: one object or an array of them. malformed / too_large on the call.
Result<RecordBatch> read_usage_json(std::string body, const UsageReadOptions& options);
/// `application/x-ndjson`: one object a line; empty lines are skipped (and keep no index).
Result<RecordBatch> read_usage_ndjson(std::string body, const UsageReadOptions& options);

/// Checks on a filled record that hold for every way in: required fields, lengths, time range 1970..2200.
std::optional<RecordError> check_record(const UsageRecord& record, const UsageReadOptions& options);

/// check_record without the required fields: lengths and the range of time.
std::optional<RecordError> check_limits(const UsageRecord& record, const UsageReadOptions& options);

/// The record in its /v1 form, one JSON object (used by listings, rejects files and NDJSON export).
void append_usage_json(std::string& out, const UsageRecord& record);

}  // namespace meterport::formats
