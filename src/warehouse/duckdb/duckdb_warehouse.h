// Private to the adapter: Warehouse over DuckDB. Readers run on pooled connections; what changes the file takes
// `writer_mutex_` and the one writing connection.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "warehouse/duckdb/pool.h"
#include "warehouse/duckdb/runs.h"
#include "warehouse/warehouse.h"

namespace meterport::warehouse::duck {

struct DaySum;

class DuckDbWarehouse final : public Warehouse {
 public:
  static Result<std::unique_ptr<Warehouse>> open(const DuckDbOptions& options);

  Status append(const LoadBatch& batch) override;
  Result<std::uint64_t> loaded_position() override { return loaded_position_.load(); }
  Status read_words(const std::function<void(Dimension, Code, std::string_view)>& each) override;
  Status sum(const SumQuery& query, const std::function<void(const SumRow&)>& each) override;
  Result<std::vector<DayCount>> count_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                           const std::vector<Code>& meters, Instant from, Instant to) override;
  Result<std::vector<Code>> meters_in_use(std::uint64_t as_of_position, const std::vector<Code>& orgs, Instant from,
                                          Instant to) override;
  Result<bool> compact() override;
  Status checkpoint() override;

 private:
  explicit DuckDbWarehouse(std::unique_ptr<Database> database) : database_(std::move(database)), readers_(*database_) {}
  Status prepare_schema();
  /// Position and runs as the file has them.
  Status read_state();
  Status check_batch(const LoadBatch& batch) const;
  Status append_words(const std::vector<NewWord>& words);
  Status append_facts(const std::vector<Fact>& facts);
  Status append_run(const RollUpRun& run, const std::vector<DaySum>& sums);
  Status merge(const std::vector<RollUpRun>& merged, RollUpRun& result, std::vector<std::uint64_t>& dropped);
  Result<QueryResult> read_sums(const SumQuery& query);

  std::unique_ptr<Database> database_;
  ReaderPool readers_;
  std::mutex writer_mutex_;
  std::unique_ptr<Connection> writer_;
  std::vector<RollUpRun> runs_;  ///< as committed; the writer's own, readers ask the table
  std::uint64_t last_run_id_ = 0;
  std::atomic<std::uint64_t> loaded_position_{0};
};

/// Every run in the table, live and replaced, in no particular order.
Result<std::vector<RollUpRun>> read_runs(Connection& connection);

}  // namespace meterport::warehouse::duck
