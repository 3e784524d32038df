// What the log holds: record kinds and the shape of a batch (docs/formats/ledger-log.md, format v1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/instant.h"
#include "model/usage_record.h"

namespace meterport::ledger {

/// Number of a record in its ledger: dense, from 1, ever growing. 0 = before the first record.
using Position = std::uint64_t;

/// Values are on disk: never renumber.
enum class RecordKind : std::uint8_t {
  usage = 1,
  event = 2,
  reversal = 3,
  evidence = 4,
  batch = 5,
  catalogue_change = 6,
  org_change = 7,
  watermark = 8,
  period_close = 9,
  erasure = 10,
};

/// One record to append: its kind and its encoded payload (usage: encode_usage; the others: JSON text).
struct NewRecord {
  RecordKind kind = RecordKind::usage;
  std::string_view payload;
};

/// A record as read back. `payload` is valid until the reader moves on; empty when erased.
struct StoredRecord {
  Position position = 0;
  RecordKind kind = RecordKind::usage;
  std::uint8_t version = 1;
  bool erased = false;
  Instant commit_time;   ///< of its sync group
  Instant arrival_time;  ///< of its batch
  std::string_view payload;
};

/// Who sent a batch and when: stored in the batch's own record, which takes the first position of the batch.
struct BatchInfo {
  std::string id;         ///< 22 base62
  std::string principal;  ///< id of the sender
  std::string channel;    ///< "v1", "import:focus", "catalog" ...
  Instant arrival_time;
};

/// Appends the canonical binary form, version 1, of a usage record: all fields, absent ones left out, properties
/// sorted. The form of docs/formats/ledger-log.md section "usage payload".
void encode_usage(std::string& out, const UsageRecord& record);
/// Views into `payload`; `malformed` means a damaged or newer record.
Result<UsageRecord> decode_usage(std::string_view payload);

/// 64-bit fingerprint of the canonical content (DESIGN 3): without org, source, id (they are the key), without
/// focus.quoted and focus.layout.
std::uint64_t fingerprint(const SipKey& secret, const UsageRecord& record);
/// SipHash-128 of (org, source, id) under the ledger's secret.
Hash128 record_key(const SipKey& secret, std::string_view org, std::string_view source, std::string_view id);

}  // namespace meterport::ledger
