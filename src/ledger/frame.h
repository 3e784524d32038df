// Private to ledger: batch heads and record frames, byte for byte (docs/formats/ledger-log.md 2).
//
//   batch head, 132 bytes:  magic 4 | payload bytes 4 | crc 4 | chained part 120
//   record frame:           body bytes 4 | crc 4 | flags 1 | kind 1 | version 1 | body
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ledger/record.h"

namespace meterport::ledger {

using LedgerId = std::array<std::uint8_t, 16>;

inline constexpr std::size_t head_bytes = 132;
inline constexpr std::size_t head_chained_from = 12;
inline constexpr std::string_view head_magic = "\xFFMPB";
inline constexpr std::size_t frame_head_bytes = 11;
inline constexpr std::uint32_t body_bytes_max = 1u << 26;
inline constexpr std::uint16_t head_version = 1;
inline constexpr std::uint8_t payload_version = 1;
inline constexpr std::uint8_t flag_erased = 1;
inline constexpr std::uint8_t kind_max = 10;
/// Frames of one batch: bounded so that lengths fit and a reader's buffer stays sane.
inline constexpr std::uint64_t batch_bytes_max = 1ull << 30;

struct BatchHead {
  std::uint32_t payload_bytes = 0;  ///< of the frames as they lie on disk; not chained
  std::uint32_t records = 0;
  Position first = 0;
  Position group_first = 0;
  Instant commit_time;
  Instant arrival_time;
  LedgerId ledger{};
  Digest previous_chain{};
  Digest payload_digest{};
  [[nodiscard]] Position last() const { return first + records - 1; }
};

/// Writes head_bytes at `at`.
void write_head(char* at, const BatchHead& head);
/// The chain value after the batch whose head these bytes are.
Digest chain_after(std::string_view head);

enum class Parse {
  ok,
  incomplete,  ///< the bytes end inside it
  damaged,
  new_version,  ///< intact, but of a later format
};
Parse parse_head(std::string_view bytes, BatchHead& head);

struct Frame {
  std::uint8_t flags = 0;
  std::uint8_t kind = 0;
  std::uint8_t version = 0;
  std::string_view body;
  std::string_view bytes;  ///< the whole frame
  /// What the record digest covers: kind, version, body.
  [[nodiscard]] std::string_view digested() const { return bytes.substr(frame_head_bytes - 2); }
  [[nodiscard]] bool is_erased() const { return (flags & flag_erased) != 0; }
};
/// `new_version`: unknown flags, or a known kind of an unknown version.
Parse parse_frame(std::string_view bytes, Frame& frame);
/// The record's digest: computed, or of an erased one as its stub says. malformed: a bad stub.
Result<Digest> record_digest(const Frame& frame);

/// Appends a frame.
void append_frame(std::string& out, std::uint8_t flags, RecordKind kind, std::string_view body);

/// The digest over record digests, which stands in the head.
class PayloadDigest {
 public:
  explicit PayloadDigest(std::size_t records_expected) { digests_.reserve(records_expected * sizeof(Digest)); }
  void add(const Digest& digest) { digests_.append(reinterpret_cast<const char*>(digest.data()), digest.size()); }
  [[nodiscard]] Digest finish() const { return sha256(digests_); }

 private:
  std::string digests_;
};

/// A batch made ready on its caller's thread: room for the head, then the frames.
struct EncodedBatch {
  std::string bytes;
  std::uint32_t records = 0;
  Instant arrival_time;
  Digest payload_digest{};
};
/// Frames, CRCs and digests of the batch record and the given records. too_large; invalid for a record of kind batch.
Result<EncodedBatch> encode_batch(const BatchInfo& info, std::span<const NewRecord> records);

}  // namespace meterport::ledger
