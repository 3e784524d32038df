#include "ledger/frame.h"

#include <utility>

#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

constexpr std::size_t crc_at = 8;

std::uint32_t head_crc(std::string_view head) {
  return crc32c(crc32c(0, head.substr(0, crc_at)), head.substr(head_chained_from, head_bytes - head_chained_from));
}

std::uint32_t frame_crc(std::string_view frame) {
  return crc32c(crc32c(0, frame.substr(0, 4)), frame.substr(8));
}

}  // namespace

void write_head(char* at, const BatchHead& head) {
  char* const start = at;
  std::memcpy(at, head_magic.data(), head_magic.size());
  at = put_fixed(at + head_magic.size(), head.payload_bytes);
  at = put_fixed(at, std::uint32_t{0});
  at = put_fixed(at, head_version);
  at = put_fixed(at, std::uint16_t{0});
  at = put_fixed(at, head.records);
  at = put_fixed(at, head.first);
  at = put_fixed(at, head.group_first);
  at = put_fixed(at, head.commit_time.us);
  at = put_fixed(at, head.arrival_time.us);
  at = put_fixed(at, head.ledger);
  at = put_fixed(at, head.previous_chain);
  put_fixed(at, head.payload_digest);
  put_fixed(start + crc_at, head_crc({start, head_bytes}));
}

Digest chain_after(std::string_view head) {
  return sha256(head.substr(head_chained_from, head_bytes - head_chained_from));
}

Parse parse_head(std::string_view bytes, BatchHead& head) {
  if (bytes.size() < head_bytes) return Parse::incomplete;
  if (!bytes.starts_with(head_magic)) return Parse::damaged;
  const char* at = bytes.data();
  if (get_fixed<std::uint32_t>(at + crc_at) != head_crc(bytes)) return Parse::damaged;
  if (get_fixed<std::uint16_t>(at + 12) != head_version || get_fixed<std::uint16_t>(at + 14) != 0) {
    return Parse::new_version;
  }
  head.payload_bytes = get_fixed<std::uint32_t>(at + 4);
  head.records = get_fixed<std::uint32_t>(at + 16);
  head.first = get_fixed<Position>(at + 20);
  head.group_first = get_fixed<Position>(at + 28);
  head.commit_time.us = get_fixed<std::int64_t>(at + 36);
  head.arrival_time.us = get_fixed<std::int64_t>(at + 44);
  head.ledger = get_fixed<LedgerId>(at + 52);
  head.previous_chain = get_fixed<Digest>(at + 68);
  head.payload_digest = get_fixed<Digest>(at + 100);
  return head.records == 0 || head.group_first > head.first ? Parse::damaged : Parse::ok;
}

Parse parse_frame(std::string_view bytes, Frame& frame) {
  if (bytes.size() < frame_head_bytes) return Parse::incomplete;
  const auto body_bytes = get_fixed<std::uint32_t>(bytes.data());
  if (body_bytes > body_bytes_max) return Parse::damaged;
  if (bytes.size() - frame_head_bytes < body_bytes) return Parse::incomplete;
  frame.bytes = bytes.substr(0, frame_head_bytes + body_bytes);
  if (get_fixed<std::uint32_t>(bytes.data() + 4) != frame_crc(frame.bytes)) return Parse::damaged;
  frame.flags = static_cast<std::uint8_t>(bytes[8]);
  frame.kind = static_cast<std::uint8_t>(bytes[9]);
  frame.version = static_cast<std::uint8_t>(bytes[10]);
  frame.body = frame.bytes.substr(frame_head_bytes);
  const bool is_known = frame.kind >= 1 && frame.kind <= kind_max;
  if ((frame.flags & ~flag_erased) != 0 || (is_known && frame.version != payload_version)) return Parse::new_version;
  return Parse::ok;
}

Result<Digest> record_digest(const Frame& frame) {
  if (!frame.is_erased()) return sha256(frame.digested());
  const auto stub = decode_stub(frame.body);
  if (!stub) return fail(stub);
  return stub->record_digest;
}

void append_frame(std::string& out, std::uint8_t flags, RecordKind kind, std::string_view body) {
  const std::size_t start = out.size();
  std::array<char, frame_head_bytes> head;
  put_fixed(head.data(), static_cast<std::uint32_t>(body.size()));
  head[8] = static_cast<char>(flags);
  head[9] = static_cast<char>(kind);
  head[10] = static_cast<char>(payload_version);
  out.append(head.data(), head.size());
  out.append(body);
  put_fixed(out.data() + start + 4, frame_crc(std::string_view(out).substr(start)));
}

Result<EncodedBatch> encode_batch(const BatchInfo& info, std::span<const NewRecord> records) {
  const std::string about = encode_batch_info(info);
  std::uint64_t bytes = head_bytes + frame_head_bytes + about.size();
  for (const NewRecord& r : records) {
    if (r.kind == RecordKind::batch) return fail(ErrorKind::internal, "a batch record is the log's own");
    if (r.payload.size() > body_bytes_max) return fail(ErrorKind::too_large, "a record is larger than 64 MiB");
    bytes += frame_head_bytes + r.payload.size();
  }
  if (bytes > batch_bytes_max) return fail(ErrorKind::too_large, "a batch is larger than 1 GiB");

  EncodedBatch batch;
  batch.records = static_cast<std::uint32_t>(records.size() + 1);
  batch.arrival_time = info.arrival_time;
  batch.bytes.reserve(bytes);
  batch.bytes.resize(head_bytes);
  PayloadDigest digest(batch.records);
  const auto add = [&](RecordKind kind, std::string_view payload) {
    const std::size_t start = batch.bytes.size();
    append_frame(batch.bytes, 0, kind, payload);
    digest.add(sha256(std::string_view(batch.bytes).substr(start + frame_head_bytes - 2)));
  };
  add(RecordKind::batch, about);
  for (const NewRecord& r : records) add(r.kind, r.payload);
  batch.payload_digest = digest.finish();
  return batch;
}

}  // namespace meterport::ledger
