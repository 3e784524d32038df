// A usage record as handed in: every field of crosswalk 1.1 as a view, plus where its bytes live.
//
// All texts are views: into the request's buffer or into the batch's TextArena. A record is valid only as long as
// its RecordBatch. An empty view means "no value" (null, absence and "" are the same, crosswalk 1.1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"

namespace meterport {

/// One member of `properties`: the value is JSON text. Sorted by name inside a record, names distinct.
struct Property {
  std::string_view name;
  std::string_view json;
};

struct Asset {
  std::string_view name, type;
};
struct Environment {
  std::string_view id, name, type;
};
struct Resource {
  std::string_view id, name;
};
struct Task {
  std::string_view id, name, object, type;
};
struct App {
  std::string_view id, name, hrn;
};
struct Run {
  std::string_view id;
  std::optional<Instant> start, end;
  std::string_view status;
  std::optional<Decimal> cores;
  std::optional<Instant> audit_time;
  std::string_view execution_type, invoked_by;
  std::optional<std::int64_t> count;
};

struct UsageRecord {
  std::string_view org, meter;
  Instant time;
  Decimal quantity;
  std::string_view id, source;
  std::string_view project, folder;
  Asset asset;
  Environment environment;
  Resource resource;
  std::string_view subscription;
  std::optional<std::int64_t> line;
  Task task;
  Run run;
  std::string_view user;
  App app;
  std::string_view billing_tag, channel, category, memo;
  /// Names beginning "focus." are an import's verbatim columns; "focus.quoted" and "focus.layout" are form, not
  /// content, and stay out of the fingerprint (crosswalk 5.4).
  std::vector<Property> properties;
};

/// True for sources that belong to one wire alone, "netsuite" and "openmeter:...": no other may name them
/// (crosswalk 1.1).
bool is_reserved_source(std::string_view source);

/// Bump memory for the texts of one batch. Not thread-safe. Moving it leaves the texts where they are.
class TextArena {
 public:
  /// A copy that lives as long as the arena.
  std::string_view keep(std::string_view text);
  /// Uninitialised room for `size` bytes.
  char* allocate(std::size_t size) {
    if (size > left_) add_block(size);
    char* const room = next_;
    next_ += size;
    left_ -= size;
    return room;
  }

 private:
  void add_block(std::size_t size_min);

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_bytes_ = 16 * 1024;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

/// What a reader says of an item it could not make a record of, in the words of crosswalk 3.3.
/// Values are in files of operations: new ones go to the end.
enum class RecordErrorCode {
  malformed_record,
  missing_field,
  empty_field,
  bad_format,
  unknown_org,
  unknown_meter,
  out_of_scope,
  wrong_region,
  unknown_subscription,
  unknown_line,
  ambiguous,
  mismatch,
  unknown_field,
  outside_term,
  line_unusable,
  meter_takes_no_usage,
  quantity_out_of_range,
  quantity_not_exact,
  text_too_long,
  time_out_of_range,
  // importers
  no_quantity,
  no_billing_account,
  no_sku,
  id_taken,
  cell_count,
  bad_encoding,
  internal,
};
std::string_view to_string(RecordErrorCode code);

struct RecordError {
  RecordErrorCode code = RecordErrorCode::internal;
  std::string pointer;  ///< JSON pointer inside the record ("/quantity"), or the column's name
  std::string text;     ///< safe to show: the field, the value's problem, what is allowed
};

/// One item of a submission: a record or the reason why it is none. `index` is its place in the request, from 0.
struct BatchItem {
  UsageRecord record;
  std::optional<RecordError> error;
};

/// A submission's items in request order, with the memory their texts live in. Movable: the readers give `buffer` so
/// much room that its text is never stored inside the string object.
struct RecordBatch {
  std::string buffer;  ///< the request's bytes (with parser padding), if records view into it
  TextArena arena;
  std::vector<BatchItem> items;
};

}  // namespace meterport
