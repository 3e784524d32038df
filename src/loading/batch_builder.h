// Private to loading: log records in, one load batch out. One thread.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "ledger/record.h"
#include "loading/dictionaries.h"
#include "warehouse/warehouse.h"

namespace meterport::loading {

class BatchBuilder {
 public:
  explicit BatchBuilder(Dictionaries& dictionaries) : dictionaries_(dictionaries) {}
  /// Adds the record's fact and new words, or only its position. internal: a payload that cannot be read.
  Status add(const ledger::StoredRecord& record);
  [[nodiscard]] const warehouse::LoadBatch& batch() const { return batch_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }
  /// What the batch adds to the store's own log, roughly.
  [[nodiscard]] std::uint64_t bytes() const { return batch_.facts.size() * sizeof(warehouse::Fact) + word_bytes_; }
  [[nodiscard]] bool is_empty() const { return records_ == 0; }
  /// Empty again, with its memory kept.
  void clear();

 private:
  void add_fact(ledger::Position position, const UsageRecord& usage);
  void code(warehouse::Fact& fact, warehouse::Dimension dimension, std::string_view text);
  Dictionaries& dictionaries_;
  warehouse::LoadBatch batch_;
  std::uint64_t records_ = 0;
  std::uint64_t word_bytes_ = 0;
};

}  // namespace meterport::loading
