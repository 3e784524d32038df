// The columnar store's port: facts in position order, a dictionary per text dimension, one roll-up (org, meter, UTC
// day). Everything in it is a function of the log and can be rebuilt. The roll-up trails the facts by a bounded number
// of them, which are summed as they are: answers never depend on how far it is.
//
// append() is called by the loader alone (one thread); readers run beside it on connections of their own and see whole
// load batches only. Codes are dictionary codes, 0 = no value; they say nothing of text order.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/instant.h"
#include "warehouse/query.h"

namespace meterport::warehouse {

struct Fact {
  std::uint64_t position = 0;
  std::int64_t time_us = 0;
  std::int64_t whole = 0;          ///< quantity, integer part
  std::int64_t fraction_1e18 = 0;  ///< quantity, rest, same sign
  std::int32_t line = 0;           ///< subscription line, 0 = none
  std::array<Code, dimension_count> codes{};
};

struct NewWord {
  Dimension dimension;
  Code code;
  std::string text;
};

/// One transaction: words new in it, facts in position order, the position the store covers afterwards (which may
/// lie beyond the last fact: other record kinds have positions too).
struct LoadBatch {
  std::vector<NewWord> words;
  std::vector<Fact> facts;
  std::uint64_t loaded_position = 0;
};

class Warehouse {
 public:
  virtual ~Warehouse() = default;
  /// All of the batch or nothing; a batch at or below the loaded position changes nothing.
  virtual Status append(const LoadBatch& batch) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> loaded_position() = 0;
  /// Every word, for the loader's and the readers' dictionaries.
  virtual Status read_words(const std::function<void(Dimension, Code, std::string_view)>& each) = 0;
  /// Groups in no particular order. Uses the roll-up where the query is by org, meter and day only, over whole days.
  virtual Status sum(const SumQuery& query, const std::function<void(const SumRow&)>& each) = 0;
  /// Facts in no particular order.
  virtual Status scan(const ScanQuery& query, const std::function<void(const FactRow&)>& each) = 0;
  /// Counts of facts at or before as_of_position in [from, to), per day and org, in no particular order. `meters`
  /// empty = all.
  virtual Result<std::vector<DayCount>> count_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                   const std::vector<Code>& meters, Instant from, Instant to) = 0;
  /// Distinct meters with a fact in the period.
  virtual Result<std::vector<Code>> meters_in_use(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                  Instant from, Instant to) = 0;
  /// Of each of these orgs and meters that has a fact before `before` at or before as_of_position; neither list may be
  /// empty.
  virtual Result<std::vector<FirstDay>> first_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                   const std::vector<Code>& meters, Day before) = 0;
  /// One step of keeping the roll-up: extends it or merges parts of it, if due; true = it did. Answers do not change
  /// by it. Called by the loader's thread, between batches.
  virtual Result<bool> compact() = 0;
  /// Folds the store's own log, so that opening stays short; a refusal because others are busy is not an error. As
  /// compact().
  virtual Status checkpoint() = 0;
};

struct DuckDbOptions {
  std::string path;  ///< DATA/warehouse.duckdb; empty = in memory
  std::string memory_limit = "1GB";
  unsigned threads = 2;
  std::string temporary_folder;             ///< empty = beside the file
  std::uint64_t run_facts_min = 1'000'000;  ///< facts beyond the roll-up at which compact() adds them to it
};
/// Opens or creates; internal with a text that says how to make the file anew when it is damaged or of another
/// schema, store_unavailable when another process has it open. One writer at a time: append, compact and checkpoint
/// wait for each other.
Result<std::unique_ptr<Warehouse>> open_duckdb(const DuckDbOptions& options);

}  // namespace meterport::warehouse
