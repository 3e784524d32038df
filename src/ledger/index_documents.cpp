#include <fmt/format.h>

#include <charconv>

#include "ledger/index.h"

namespace meterport::ledger {
namespace {

// {"slot":"<32 hex>","fingerprint":"<16 hex>",...
constexpr std::string_view slot_head = R"({"slot":")";
constexpr std::string_view fingerprint_head = R"(","fingerprint":")";
constexpr std::string_view members_head = R"(",)";
constexpr std::size_t head_bytes = slot_head.size() + 32 + fingerprint_head.size() + 16 + members_head.size();

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_hex(std::string_view& text, std::uint64_t& value) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + 16, value, 16);
  if (failed != std::errc{} || end != text.data() + 16) return false;
  text.remove_prefix(16);
  return true;
}

}  // namespace

Hash128 next_slot(const Hash128& key) {
  // Odd multipliers (from the golden ratio and pi) keep the map one-to-one, so distinct keys stay distinct.
  return {key.high * 0x9E3779B97F4A7C15u + 0x243F6A8885A308D3u, key.low * 0xD1B54A32D192ED03u + 1};
}

Hash128 evidence_slot(const Hash128& key, unsigned number) {
  return {key.high * 0xA0761D6478BD642Fu + number, key.low * 0xE7037ED1A0B428DBu + 1};
}

std::string slotted_document(const ClaimRequest& slot, std::string_view members) {
  return fmt::format("{}{:016x}{:016x}{}{:016x}{}{}}}", slot_head, slot.key.high, slot.key.low, fingerprint_head,
                     slot.fingerprint, members_head, members);
}

std::optional<ClaimRequest> slot_of_document(std::string_view payload) {
  if (payload.size() <= head_bytes) return std::nullopt;
  ClaimRequest slot;
  const bool is_slotted = take(payload, slot_head) && take_hex(payload, slot.key.high) &&
                          take_hex(payload, slot.key.low) && take(payload, fingerprint_head) &&
                          take_hex(payload, slot.fingerprint) && take(payload, members_head);
  return is_slotted ? std::optional(slot) : std::nullopt;
}

}  // namespace meterport::ledger
