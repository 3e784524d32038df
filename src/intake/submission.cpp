#include "intake/submission.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/ids.h"
#include "base/random.h"

namespace meterport::intake {
namespace {

bool is_same_key(const UsageRecord& a, const UsageRecord& b) {
  return a.id == b.id && a.source == b.source && a.org == b.org;
}

RecordError conflict_error(ledger::Position first) {
  return {RecordErrorCode::id_taken, "/id", fmt::format("id: stored with other content at position {}", first)};
}

}  // namespace

Submission::Submission(ledger::Ledger& ledger, ledger::BatchInfo info, RecordBatch batch, Finished finished)
    : ledger_(ledger), info_(std::move(info)), batch_(std::move(batch)), finished_(std::move(finished)) {}

void Submission::start() {
  make_slots();
  run_rounds();
}

void Submission::make_slots() {
  const std::size_t count = batch_.items.size();
  items_.resize(count);
  slots_.reserve(count);
  table_.assign(std::bit_ceil(2 * count + 1), none);
  constexpr std::size_t usual_payload_bytes = 160;
  payloads_.reserve(count * usual_payload_bytes);
  std::uint32_t index = 0;
  for (const BatchItem& batch_item : batch_.items) {
    const std::uint32_t i = index++;
    if (batch_item.error) continue;
    const UsageRecord& record = batch_item.record;
    Item& item = items_[i];
    item.payload_begin = payloads_.size();
    item.fingerprint = ledger::encode_and_fingerprint(payloads_, ledger_.secret(), record);
    item.payload_size = payloads_.size() - item.payload_begin;
    add_to_slot(ledger::record_key(ledger_.secret(), record.org, record.source, record.id), i);
  }
  has_payloads_ = true;
}

void Submission::add_to_slot(const Hash128& key, std::uint32_t item) {
  const std::size_t mask = table_.size() - 1;
  std::uint32_t same_hash = none;
  std::size_t at = key.low & mask;
  for (; table_[at] != none; at = (at + 1) & mask) {
    Slot& slot = slots_[table_[at]];
    if (slot.key != key) continue;
    if (is_same_key(batch_.items[slot.first_item].record, batch_.items[item].record)) {
      items_[slot.last_item].next = item;
      slot.last_item = item;
      return;
    }
    same_hash = table_[at];
  }
  table_[at] = static_cast<std::uint32_t>(slots_.size());
  Slot slot;
  slot.key = key;
  slot.first_item = slot.last_item = item;
  slot.after = same_hash;
  slots_.push_back(slot);
}

void Submission::run_rounds() {
  do {
    parts_ = 1;
    writes_.clear();
    if (Status planned = plan(); !planned) {
      failure_ = std::move(planned.error());
      give_up_claims();
    } else if (!writes_.empty()) {
      write();
    }
    if (parts_.fetch_sub(1) != 1) return;  // the part that ends last goes on
  } while (!failure_ && !is_complete());
  finish();
}

void Submission::part_ended() {
  if (parts_.fetch_sub(1) != 1) return;
  if (failure_ || is_complete()) {
    finish();
  } else {
    run_rounds();
  }
}

Status Submission::plan() {
  if (Status claimed = claim_slots(); !claimed) return claimed;
  std::vector<std::uint32_t> differing;
  for (std::uint32_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = slots_[s];
    if (slot.held.position != 0 && !slot.is_checked && has_differing_items(slot)) differing.push_back(s);
  }
  std::ranges::sort(differing, {}, [this](std::uint32_t s) { return std::pair(slots_[s].held.position, s); });
  ledger::RecordFetcher log(ledger_.log());
  for (const std::uint32_t s : differing) {
    if (Status checked = check_conflicts(slots_[s], log); !checked) return checked;
  }
  return {};
}

Status Submission::claim_slots() {
  std::vector<ledger::ClaimRequest> requests;
  std::vector<std::uint32_t> places;
  requests.reserve(slots_.size());
  places.reserve(slots_.size());
  for (std::uint32_t s = 0; s < slots_.size(); ++s) {
    const Slot& slot = slots_[s];
    if (slot.held.position != 0) continue;
    if (slot.after != none && slots_[slot.after].held.position == 0) continue;
    requests.push_back({slot.key, items_[slot.first_item].fingerprint});
    places.push_back(s);
  }
  std::vector<ledger::ClaimResult> results(requests.size());
  parts_ += static_cast<std::uint32_t>(requests.size());
  Status claimed = ledger_.index().claim_many(requests, results,
                                              [self = shared_from_this()](std::size_t, bool) { self->part_ended(); });
  const auto waiting = std::ranges::count(results, ledger::ClaimOutcome::in_flight, &ledger::ClaimResult::outcome);
  parts_ -= static_cast<std::uint32_t>(results.size()) - static_cast<std::uint32_t>(waiting);
  if (!claimed) return claimed;
  writes_.reserve(requests.size());
  for (std::size_t r = 0; r < results.size(); ++r) {
    if (results[r].outcome == ledger::ClaimOutcome::present) slots_[places[r]].held = results[r].value;
    if (results[r].outcome != ledger::ClaimOutcome::claimed) continue;
    const std::uint32_t item = slots_[places[r]].first_item;
    if (!has_payloads_) {
      items_[item].payload_begin = payloads_.size();
      ledger::encode_usage(payloads_, batch_.items[item].record);
      items_[item].payload_size = payloads_.size() - items_[item].payload_begin;
    }
    writes_.push_back({.slot = places[r],
                       .item = item,
                       .claim = requests[r],
                       .begin = items_[item].payload_begin,
                       .size = items_[item].payload_size});
  }
  return {};
}

Status Submission::check_conflicts(Slot& slot, ledger::RecordFetcher& log) {
  const Result<bool> is_same = holds_same_key(slot, log);
  if (!is_same) return fail(is_same);
  if (!*is_same) {
    slot.key = ledger::next_slot(slot.key);
    slot.held = {};
    return {};
  }
  slot.is_checked = true;
  for (std::uint32_t i = slot.first_item; i != none; i = items_[i].next) {
    if (items_[i].fingerprint == slot.held.fingerprint) continue;
    if (Status kept = keep_evidence(slot, i); !kept) return kept;
  }
  return {};
}

Result<bool> Submission::holds_same_key(const Slot& slot, ledger::RecordFetcher& log) {
  if (slot.stored_item != none) return true;
  const Result<ledger::StoredRecord> stored = log.at(slot.held.position);
  if (!stored) return fail(stored);
  if (stored->erased) return true;  // what it said is gone; its key hash is all there is to go by
  const Result<UsageRecord> first = ledger::decode_usage(stored->payload);
  if (!first) return fail(first);
  return is_same_key(*first, batch_.items[slot.first_item].record);
}

Status Submission::keep_evidence(const Slot& slot, std::uint32_t item) {
  const UsageRecord& record = batch_.items[item].record;
  const Hash128 key = ledger::record_key(ledger_.secret(), record.org, record.source, record.id);
  const std::uint64_t fingerprint = items_[item].fingerprint;
  for (unsigned n = 0; n < ledger::evidence_per_key_max; ++n) {
    const ledger::ClaimRequest claim{ledger::evidence_slot(key, n), fingerprint};
    const Result<ledger::ClaimResult> result = ledger_.index().claim(claim.key, fingerprint, [](bool) {});
    if (!result) return fail(result);
    if (result->outcome == ledger::ClaimOutcome::claimed) {
      const std::size_t begin = payloads_.size();
      ledger::encode_record(payloads_, ledger::RecordKind::evidence, record, {.conflicts_with = slot.held.position});
      writes_.push_back({.item = item,
                         .claim = claim,
                         .kind = ledger::RecordKind::evidence,
                         .begin = begin,
                         .size = payloads_.size() - begin});
      return {};
    }
    if (result->value.fingerprint == fingerprint) return {};  // this content is evidence already
  }
  return {};
}

void Submission::write() {
  ledger::NewBatch batch;
  batch.info = info_;
  if (!has_payloads_) batch.info.id = make_id22(system_random());
  batch.payloads = std::move(payloads_);
  payloads_ = {};
  has_payloads_ = false;
  batch.records.reserve(writes_.size());
  const std::string_view payloads = batch.payloads;
  for (const Write& w : writes_) batch.records.push_back({w.kind, payloads.substr(w.begin, w.size)});
  parts_ += 1;
  Status queued =
      ledger_.log().append(std::move(batch), [self = shared_from_this()](Result<ledger::Appended> appended) {
        self->written(std::move(appended));
        self->part_ended();
      });
  if (queued) return;
  failure_ = std::move(queued.error());
  give_up_claims();
  parts_ -= 1;
}

void Submission::written(Result<ledger::Appended> appended) {
  if (!appended) {
    failure_ = std::move(appended.error());
    give_up_claims();
    return;
  }
  std::vector<ledger::KeyValue> settled;
  settled.reserve(writes_.size());
  last_position_ = appended->batch_position;
  for (const Write& w : writes_) {
    settled.push_back({w.claim.key, {++last_position_, w.claim.fingerprint}});
    if (w.slot == none) continue;
    slots_[w.slot].held = settled.back().value;
    slots_[w.slot].stored_item = w.item;
    has_stored_ = true;
  }
  ledger_.index().settle_many(settled);
}

void Submission::give_up_claims() {
  std::vector<Hash128> keys;
  keys.reserve(writes_.size());
  for (const Write& w : writes_) keys.push_back(w.claim.key);
  ledger_.index().release_many(keys);
}

bool Submission::has_differing_items(const Slot& slot) const {
  for (std::uint32_t i = slot.first_item; i != none; i = items_[i].next) {
    if (items_[i].fingerprint != slot.held.fingerprint) return true;
  }
  return false;
}

bool Submission::is_complete() const {
  return std::ranges::all_of(slots_, [this](const Slot& slot) {
    return slot.held.position != 0 && (slot.is_checked || !has_differing_items(slot));
  });
}

void Submission::finish() {
  if (failure_) {
    finished_(std::unexpected(std::move(*failure_)));
    return;
  }
  BatchResult result;
  result.items.resize(batch_.items.size());
  for (std::size_t i = 0; i < batch_.items.size(); ++i) {
    if (!batch_.items[i].error) continue;
    result.items[i].error = std::move(batch_.items[i].error);
    ++result.rejected;
  }
  for (const Slot& slot : slots_) {
    for (std::uint32_t i = slot.first_item; i != none; i = items_[i].next) {
      ItemResult& item = result.items[i];
      item.position = slot.held.position;
      if (i == slot.stored_item) {
        item.state = ItemState::stored;
        ++result.stored;
      } else if (items_[i].fingerprint == slot.held.fingerprint) {
        item.state = ItemState::duplicate;
        ++result.duplicates;
      } else {
        item.state = ItemState::conflict;
        item.error = conflict_error(slot.held.position);
        ++result.conflicts;
      }
    }
  }
  result.last_position = last_position_;
  if (has_stored_) result.batch_id = std::move(info_.id);
  finished_(std::move(result));
}

}  // namespace meterport::intake
