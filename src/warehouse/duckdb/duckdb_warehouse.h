// Private to the adapter: Warehouse over DuckDB. Readers run on pooled connections; what changes the file takes
// `writer_mutex_` and the one writing connection.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "warehouse/duckdb/pool.h"
#include "warehouse/duckdb/runs.h"
#include "warehouse/duckdb/sql.h"
#include "warehouse/warehouse.h"

namespace meterport::warehouse::duck {

class DuckDbWarehouse final : public Warehouse {
 public:
  static Result<std::unique_ptr<Warehouse>> open(const DuckDbOptions& options);

  Status append(const LoadBatch& batch) override;
  Result<std::uint64_t> loaded_position() override { return loaded_position_.load(); }
  Status read_words(const std::function<void(Dimension, Code, std::string_view)>& each) override;
  Status sum(const SumQuery& query, const std::function<void(const SumRow&)>& each) override {
    return sum_as(query, query.with_quantity, each);
  }
  Status scan(const ScanQuery& query, const std::function<void(const FactRow&)>& each) override;
  Result<std::vector<DayCount>> count_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                           const std::vector<Code>& meters, Instant from, Instant to) override;
  Result<std::vector<Code>> meters_in_use(std::uint64_t as_of_position, const std::vector<Code>& orgs, Instant from,
                                          Instant to) override;
  Result<std::vector<FirstDay>> first_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                           const std::vector<Code>& meters, Day before) override;
  Result<bool> compact() override;
  Status checkpoint() override;

 private:
  DuckDbWarehouse(std::unique_ptr<Database> database, std::uint64_t run_facts_min)
      : database_(std::move(database)), readers_(*database_), run_facts_min_(run_facts_min) {}
  Status prepare_schema();
  /// Position and runs as the file has them.
  Status read_state();
  Status check_batch(const LoadBatch& batch) const;
  Status append_words(const std::vector<NewWord>& words);
  Status append_facts(const std::vector<Fact>& facts);
  /// Runs `statement`, which inserts the sums of `run`, and enters the run.
  Status insert_run(const std::string& statement, RollUpRun& run);
  Status extend_roll_up();
  Result<bool> is_worth_merging(const std::vector<RollUpRun>& runs);
  Status merge_runs(const std::vector<RollUpRun>& merged);
  /// Where the roll-up ends.
  [[nodiscard]] std::uint64_t summed_position() const;
  Status sum_as(const SumQuery& query, bool with_quantity, const std::function<void(const SumRow&)>& each);
  /// Rows of the plan that it settles on.
  Result<QueryResult> read_sums(const SumQuery& query, SumPlan& plan);

  std::unique_ptr<Database> database_;
  ReaderPool readers_;
  std::mutex writer_mutex_;
  std::unique_ptr<Connection> writer_;
  std::vector<RollUpRun> runs_;  ///< as committed; the writer's own, readers ask the table
  std::uint64_t last_run_id_ = 0;
  std::uint64_t weighed_at_run_ = 0;    ///< newest run when a merge was last thought of
  std::uint64_t facts_not_summed_ = 0;  ///< beyond the roll-up's end
  const std::uint64_t run_facts_min_;
  std::atomic<std::uint64_t> loaded_position_{0};
};

/// Every run in the table, live and replaced, in no particular order.
Result<std::vector<RollUpRun>> read_runs(Connection& connection);

}  // namespace meterport::warehouse::duck
