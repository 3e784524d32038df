#include "ledger/record.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "ledger/varint.h"

namespace meterport::ledger {
namespace {

constexpr char key_prefix = 0x4B;
constexpr std::size_t stub_bytes = 56;

}  // namespace

std::string_view to_string(RecordKind kind) {
  switch (kind) {
    case RecordKind::usage:
      return "usage";
    case RecordKind::event:
      return "event";
    case RecordKind::reversal:
      return "reversal";
    case RecordKind::evidence:
      return "evidence";
    case RecordKind::batch:
      return "batch";
    case RecordKind::catalogue_change:
      return "catalogue change";
    case RecordKind::org_change:
      return "org change";
    case RecordKind::watermark:
      return "watermark";
    case RecordKind::period_close:
      return "period close";
    case RecordKind::erasure:
      return "erasure";
  }
  return "unknown";
}

Hash128 record_key(const SipKey& secret, std::string_view org, std::string_view source, std::string_view id) {
  constexpr std::size_t usual_bytes = 512;
  std::array<char, usual_bytes> near;
  std::string far;
  char* start = near.data();
  const std::size_t bytes_max = 1 + 2 * varint_bytes_max + org.size() + source.size() + id.size();
  if (bytes_max > near.size()) {
    far.resize(bytes_max);
    start = far.data();
  }
  char* at = start;
  *at++ = key_prefix;
  for (const std::string_view part : {org, source}) {
    at = put_varint(at, std::uint64_t{part.size()});
    at = std::copy(part.begin(), part.end(), at);
  }
  at = std::copy(id.begin(), id.end(), at);
  return siphash128(secret, {start, static_cast<std::size_t>(at - start)});
}

Result<std::optional<OwnedKey>> owned_key(const SipKey& secret, const StoredRecord& record) {
  if (record.kind != RecordKind::usage && record.kind != RecordKind::event && record.kind != RecordKind::reversal) {
    return std::nullopt;
  }
  if (record.erased) {
    const auto stub = decode_stub(record.stub);
    if (!stub) return fail(stub);
    if (stub->key == Hash128{}) return std::nullopt;
    return OwnedKey{stub->key, stub->fingerprint};
  }
  const auto decoded = decode_record(record.payload);
  if (!decoded) return fail(decoded);
  if (decoded->notes.amends != 0) return std::nullopt;
  const UsageRecord& r = decoded->record;
  return OwnedKey{record_key(secret, r.org, r.source, r.id), fingerprint(secret, r, decoded->notes)};
}

std::string encode_stub(const ErasedStub& stub) {
  std::string out(stub_bytes, '\0');
  char* at = put_fixed(out.data(), stub.record_digest);
  at = put_fixed(at, stub.key.high);
  at = put_fixed(at, stub.key.low);
  put_fixed(at, stub.fingerprint);
  return out;
}

Result<ErasedStub> decode_stub(std::string_view stub) {
  if (stub.size() != stub_bytes) return fail(ErrorKind::malformed, "the stub of an erased record is damaged");
  ErasedStub s;
  s.record_digest = get_fixed<Digest>(stub.data());
  s.key.high = get_fixed<std::uint64_t>(stub.data() + 32);
  s.key.low = get_fixed<std::uint64_t>(stub.data() + 40);
  s.fingerprint = get_fixed<std::uint64_t>(stub.data() + 48);
  return s;
}

std::string encode_batch_info(const BatchInfo& info) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("id", info.id).field("principal", info.principal).field("channel", info.channel);
  json.end_object();
  return out;
}

}  // namespace meterport::ledger
