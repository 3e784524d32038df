// One submission on its way through intake, in rounds. A round claims the keys that are still open, looks at what is
// stored under those that are not new, appends what is to be stored (and evidence of conflicts) as one ledger batch,
// and ends when that is durable and every claim of others it met has ended. Then the next round takes what is left:
// keys whose claimer gave up, conflicts with a record this submission has just stored. Nearly always one round does.
//
// It never waits while it holds a claim that is not on its way to disk, so submissions cannot block each other.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intake/intake.h"
#include "ledger/ledger.h"
#include "ledger/record_fetcher.h"

namespace meterport::intake {

class Submission : public std::enable_shared_from_this<Submission> {
 public:
  using Finished = std::move_only_function<void(Result<BatchResult>)>;
  /// Items with an error are rejected as they are; the others are resolved and have a source.
  Submission(ledger::Ledger& ledger, ledger::BatchInfo info, RecordBatch batch, Finished finished);
  /// Once. `finished` runs on this thread or on the committer's.
  void start();

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// All items of one (org, source, id).
  struct Slot {
    Hash128 key;
    std::uint32_t first_item = 0;
    std::uint32_t last_item = 0;
    std::uint32_t after = none;        ///< slot with the same key hash, to be settled before (a hash collision)
    ledger::IndexValue held;           ///< position 0: still open
    std::uint32_t stored_item = none;  ///< the item this submission stored
    bool is_checked = false;           ///< differing items were compared with the stored record and have evidence
  };
  struct Item {
    std::uint64_t fingerprint = 0;
    std::uint32_t next = none;  ///< of the same slot
    std::size_t payload_begin = 0, payload_size = 0;
  };
  /// One record of the ledger batch a round writes.
  struct Write {
    std::uint32_t slot = none;  ///< none: evidence
    std::uint32_t item = 0;
    ledger::ClaimRequest claim;
    ledger::RecordKind kind = ledger::RecordKind::usage;
    std::size_t begin = 0, size = 0;
  };
  void make_slots();
  void add_to_slot(const Hash128& key, std::uint32_t item);
  void run_rounds();
  void part_ended();
  Status plan();
  Status claim_slots();
  Status check_conflicts(Slot& slot, ledger::RecordFetcher& log);
  Result<bool> holds_same_key(const Slot& slot, ledger::RecordFetcher& log);
  Status keep_evidence(const Slot& slot, std::uint32_t item);
  void write();
  void written(Result<ledger::Appended> appended);
  void give_up_claims();
  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] bool has_differing_items(const Slot& slot) const;
  void finish();

  ledger::Ledger& ledger_;
  ledger::BatchInfo info_;
  RecordBatch batch_;
  Finished finished_;
  std::vector<Item> items_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> table_;  ///< open addressing by key: slot index

  std::string payloads_;  ///< of this round
  bool has_payloads_ = false;
  std::vector<Write> writes_;
  std::atomic<std::uint32_t> parts_{0};  ///< of this round still to end
  std::optional<Error> failure_;
  bool has_stored_ = false;
  ledger::Position last_position_ = 0;
};

}  // namespace meterport::intake
