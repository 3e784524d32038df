// What the log holds: record kinds, the shape of a batch, and the codec of payloads (docs/formats/ledger-log.md,
// format v1). Everything here is a pure function and may be called from any thread.
#pragma once

#include <cstdint>
#include <optional>
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
/// "usage", "catalogue change" ...; "unknown" for a value of a newer format.
std::string_view to_string(RecordKind kind);

/// One record to append: its kind and its encoded payload (usage, event, reversal, evidence: encode_record; the
/// others: a JSON object). Kind batch is the log's own.
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
  std::string_view stub;  ///< erased only: what is left (see decode_stub)
};

/// Who sent a batch and when: stored in the batch's own record, which takes the first position of the batch.
struct BatchInfo {
  std::string id;         ///< 22 base62
  std::string principal;  ///< id of the sender
  std::string channel;    ///< "v1", "import:focus", "catalog" ...
  Instant arrival_time;
};

/// What kinds 2 to 4 (and an amended usage record) say besides the record itself.
struct RecordNotes {
  Position amends = 0;          ///< usage: the new version of the record at this position
  Position reverses = 0;        ///< reversal: takes back this position; quantity is negated
  Position conflicts_with = 0;  ///< evidence: the record first stored under its key
  std::string_view reason{};    ///< reversal
  std::string_view document{};  ///< event: the CloudEvent as sent, JSON
};
struct DecodedRecord {
  UsageRecord record;
  RecordNotes notes;
};

/// Appends the field form, version 1 (ledger-log.md 3.2): all fields, absent ones left out, properties sorted.
void encode_usage(std::string& out, const UsageRecord& record);
/// The same for usage, event (without meter and quantity), reversal and evidence.
void encode_record(std::string& out, RecordKind kind, const UsageRecord& record, const RecordNotes& notes);
/// encode_usage and fingerprint in one go: what intake does for each record.
std::uint64_t encode_and_fingerprint(std::string& out, const SipKey& secret, const UsageRecord& record);
/// Of kinds 1 to 4: a reversal gives the negated record, so that sums are plain. Views into `payload`; `malformed`
/// means a damaged or newer record.
Result<UsageRecord> decode_usage(std::string_view payload);
Result<DecodedRecord> decode_record(std::string_view payload);

/// 64-bit fingerprint of the canonical content (ledger-log.md 4): without org, source, id (they are the key), without
/// focus.quoted and focus.layout. Of the notes, a reversal's `reverses` and an event's `document` count.
std::uint64_t fingerprint(const SipKey& secret, const UsageRecord& record, const RecordNotes& notes = {});
/// True when the two have equal canonical content: what decides between duplicate and hash collision of fingerprints.
bool same_content(const UsageRecord& a, const UsageRecord& b);
/// SipHash-128 of (org, source, id) under the ledger's secret.
Hash128 record_key(const SipKey& secret, std::string_view org, std::string_view source, std::string_view id);

/// The key a stored record owns in the de-duplication index: usage that amends nothing, event, reversal; also when
/// erased. None for the others.
struct OwnedKey {
  Hash128 key;
  std::uint64_t fingerprint = 0;
};
Result<std::optional<OwnedKey>> owned_key(const SipKey& secret, const StoredRecord& record);

/// What an erasure leaves of a record, 56 bytes (ledger-log.md 2.2).
struct ErasedStub {
  Digest record_digest{};
  Hash128 key;  ///< zeros: owned none
  std::uint64_t fingerprint = 0;
};
std::string encode_stub(const ErasedStub& stub);
Result<ErasedStub> decode_stub(std::string_view stub);

/// The batch record's payload.
std::string encode_batch_info(const BatchInfo& info);

}  // namespace meterport::ledger
