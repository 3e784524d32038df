// An operation: a submission made durable now and settled later, item by item, as a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "formats/json_outline.h"
#include "intake/intake.h"
#include "model/principal.h"

namespace meterport::intake {

/// From 1, one series for the server; a request id on the NetSuite wire.
using OperationId = std::int64_t;

/// success: every item is stored or a duplicate; partial_success: at least one is rejected or in conflict; failed: it
/// could not be processed as a whole (crosswalk 3.1).
enum class OperationState : std::uint8_t { created, processing, success, partial_success, failed };
std::string_view to_string(OperationState state);  ///< "CREATED" ...
bool is_final(OperationState state);

/// Items by what became of them.
struct ItemCounts {
  std::uint64_t stored = 0, duplicates = 0, conflicts = 0, rejected = 0;
  void add(ItemState state);
  [[nodiscard]] std::uint64_t all() const { return stored + duplicates + conflicts + rejected; }
  friend bool operator==(const ItemCounts&, const ItemCounts&) = default;
};

struct Operation {
  OperationId id = 0;
  std::string kind;     ///< which reader understands its items: "netsuite", "usage+json", "usage+ndjson"
  std::string channel;  ///< of the ledger's batches: "netsuite", "v1"
  std::string org;      ///< whose it is: who may know of it
  std::string note;     ///< of the kind's owner, for its reader: settings that counted when it was taken
  std::uint64_t items = 0, body_bytes = 0;
  Principal sender;  ///< with the rights he had when it was taken
  std::uint64_t catalogue_position = 0;
  Instant created;
  OperationState state = OperationState::created;
  ItemCounts counts;  ///< of the items settled so far
  std::string error;  ///< failed: why, for the sender
  std::optional<Instant> finished;
};

struct NewOperation {
  std::string kind, channel, org, note;
  std::string idempotency_key;  ///< empty: none
  std::string body;             ///< as sent (plain, without Content-Encoding)
  std::vector<formats::TextRange> items;
};

/// One item, to be read by the kind's reader.
struct ItemText {
  std::uint64_t index = 0;  ///< in the operation, from 0
  std::string_view text;
};

/// Items that stand one after another, with the bytes their texts view into (movable, with room for a parser).
struct ItemChunk {
  std::string bytes;
  std::vector<ItemText> items;
};

}  // namespace meterport::intake
