// What changes the file: load batches, merges of roll-up runs, checkpoints.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "warehouse/duckdb/duckdb_warehouse.h"
#include "warehouse/duckdb/sql.h"

namespace meterport::warehouse::duck {

namespace {

// Runs merged at once at the least: a merge of few rewrites too often, of many leaves too much to read.
constexpr std::size_t fan_in_min = 8;

/// Fills and hands over chunks: `fill(first, count)` writes rows first.. into the chunk's places 0..
template <class Fill>
Status append_rows(TableAppender& appender, std::size_t row_count, Fill&& fill) {
  for (std::size_t first = 0; first < row_count; first += TableAppender::chunk_rows()) {
    const std::size_t count = std::min(TableAppender::chunk_rows(), row_count - first);
    fill(first, count);
    if (auto added = appender.add_chunk(count); !added) return added;
  }
  return appender.close();
}

/// One column of the chunk from one member of the rows. Not watched by the thread sanitizer: the chunk is memory of
/// DuckDB, which it hands from thread to thread (and from one warehouse to another) where the sanitizer can't see it.
template <class T, class Row, class Get>
[[clang::no_sanitize("thread")]] void fill_column(TableAppender& appender, std::size_t column, const Row* rows,
                                                  std::size_t count, Get&& get) {
  T* cells = appender.column<T>(column);
  for (std::size_t i = 0; i < count; ++i) cells[i] = static_cast<T>(get(rows[i]));
}

}  // namespace

Status DuckDbWarehouse::check_batch(const LoadBatch& batch) const {
  std::uint64_t previous = loaded_position_;
  for (const Fact& fact : batch.facts) {
    if (fact.position <= previous) {
      return fail(ErrorKind::internal, "the loader broke the order of the ledger",
                  fmt::format("fact at {} after {}", fact.position, previous));
    }
    previous = fact.position;
  }
  if (previous > batch.loaded_position) {
    return fail(ErrorKind::internal, "the loader broke the order of the ledger",
                fmt::format("fact at {} in a batch up to {}", previous, batch.loaded_position));
  }
  return {};
}

Status DuckDbWarehouse::append(const LoadBatch& batch) {
  const std::lock_guard lock(writer_mutex_);
  if (batch.loaded_position <= loaded_position_) return {};
  if (auto checked = check_batch(batch); !checked) return checked;
  auto status = writer_->in_transaction([&]() -> Status {
    if (auto words = append_words(batch.words); !words) return words;
    if (auto facts = append_facts(batch.facts); !facts) return facts;
    return writer_->run(fmt::format("UPDATE meta SET loaded_position = {}", batch.loaded_position));
  });
  if (!status) {
    // A commit that answered with an error may have happened all the same: the file knows.
    auto state = read_state();
    return state && loaded_position_ == batch.loaded_position ? Status{} : status;
  }
  loaded_position_ = batch.loaded_position;
  facts_not_summed_ += batch.facts.size();
  return {};
}

Status DuckDbWarehouse::append_words(const std::vector<NewWord>& words) {
  if (words.empty()) return {};
  auto appender =
      TableAppender::open(*writer_, "words", {DUCKDB_TYPE_UTINYINT, DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_BLOB});
  if (!appender) return fail(std::move(appender));
  return append_rows(*appender, words.size(), [&](std::size_t first, std::size_t count) {
    const NewWord* rows = words.data() + first;
    fill_column<std::uint8_t>(*appender, 0, rows, count, [](const NewWord& w) { return w.dimension; });
    fill_column<Code>(*appender, 1, rows, count, [](const NewWord& w) { return w.code; });
    for (std::size_t i = 0; i < count; ++i) appender->set_text(2, i, rows[i].text);
  });
}

Status DuckDbWarehouse::append_facts(const std::vector<Fact>& facts) {
  if (facts.empty()) return {};
  std::vector<duckdb_type> types = {DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT,
                                    DUCKDB_TYPE_INTEGER};
  types.insert(types.end(), dimension_count, DUCKDB_TYPE_UINTEGER);
  auto appender = TableAppender::open(*writer_, "facts", std::move(types));
  if (!appender) return fail(std::move(appender));
  return append_rows(*appender, facts.size(), [&](std::size_t first, std::size_t count) {
    const Fact* rows = facts.data() + first;
    fill_column<std::uint64_t>(*appender, 0, rows, count, [](const Fact& f) { return f.position; });
    fill_column<std::int64_t>(*appender, 1, rows, count, [](const Fact& f) { return f.time_us; });
    fill_column<std::int64_t>(*appender, 2, rows, count, [](const Fact& f) { return f.whole; });
    fill_column<std::int64_t>(*appender, 3, rows, count, [](const Fact& f) { return f.fraction_1e18; });
    fill_column<std::int32_t>(*appender, 4, rows, count, [](const Fact& f) { return f.line; });
    for (std::size_t d = 0; d < dimension_count; ++d) {
      fill_column<Code>(*appender, 5 + d, rows, count, [d](const Fact& f) { return f.codes[d]; });
    }
  });
}

std::uint64_t DuckDbWarehouse::summed_position() const {
  std::uint64_t end = 0;
  for (const RollUpRun& run : runs_) end = std::max(end, run.last_position);
  return end;
}

Result<bool> DuckDbWarehouse::compact() {
  const std::lock_guard lock(writer_mutex_);
  Status done;
  if (facts_not_summed_ >= run_facts_min_) {
    done = extend_roll_up();
  } else {
    const std::vector<RollUpRun> merged = runs_to_merge(runs_, fan_in_min);
    if (merged.empty() || last_run_id_ < weighed_at_run_ + fan_in_min) return false;
    weighed_at_run_ = last_run_id_;
    const auto worth_it = is_worth_merging(merged);
    if (!worth_it) return fail(worth_it);
    if (!*worth_it) return false;
    done = merge_runs(merged);
  }
  // Small next to the change itself, and right whatever became of its commit.
  if (auto state = read_state(); !state) return fail(std::move(state));
  if (!done) return fail(std::move(done));
  return true;
}

/// Usage that comes in order of time leaves runs of different days, which merging would only copy.
Result<bool> DuckDbWarehouse::is_worth_merging(const std::vector<RollUpRun>& runs) {
  auto counted = writer_->query(merged_rows_statement(runs));
  if (!counted) return fail(std::move(counted));
  std::uint64_t rows_after = 0;
  counted->read([&](const Chunk& chunk) { rows_after = static_cast<std::uint64_t>(chunk.column<std::int64_t>(0)[0]); });
  std::uint64_t rows = 0;
  for (const RollUpRun& run : runs) rows += run.rows;
  return rows_after * 10 < rows * 7;
}

Status DuckDbWarehouse::insert_run(const std::string& statement, RollUpRun& run) {
  auto inserted = writer_->query(statement);
  if (!inserted) return fail(std::move(inserted));
  inserted->read([&](const Chunk& chunk) { run.rows = static_cast<std::uint64_t>(chunk.column<std::int64_t>(0)[0]); });
  return writer_->run(fmt::format("INSERT INTO runs VALUES ({}, {}, {}, {}, 0)", run.id, run.first_position,
                                  run.last_position, run.rows));
}

Status DuckDbWarehouse::extend_roll_up() {
  RollUpRun run{.id = last_run_id_ + 1, .first_position = summed_position() + 1, .last_position = loaded_position_};
  return writer_->in_transaction(
      [&] { return insert_run(extend_statement(run.id, run.first_position - 1, run.last_position), run); });
}

Status DuckDbWarehouse::merge_runs(const std::vector<RollUpRun>& merged) {
  RollUpRun run{.id = last_run_id_ + 1,
                .first_position = merged.front().first_position,
                .last_position = merged.back().last_position};
  std::vector<std::uint64_t> ids;
  for (const RollUpRun& child : merged) ids.push_back(child.id);
  // What these runs once replaced goes now: one generation is kept.
  std::vector<std::uint64_t> dropped;
  for (const RollUpRun& old : runs_) {
    if (old.parent != 0 && std::ranges::find(ids, old.parent) != ids.end()) dropped.push_back(old.id);
  }
  return writer_->in_transaction([&]() -> Status {
    if (auto inserted = insert_run(merge_statement(run.id, merged), run); !inserted) return inserted;
    if (!dropped.empty()) {
      if (auto done = writer_->run("DELETE FROM rollup WHERE " + is_one_of("run", dropped)); !done) return done;
      if (auto done = writer_->run("DELETE FROM runs WHERE " + is_one_of("id", dropped)); !done) return done;
    }
    return writer_->run(fmt::format("UPDATE runs SET parent = {} WHERE {}", run.id, is_one_of("id", ids)));
  });
}

Status DuckDbWarehouse::checkpoint() {
  const std::lock_guard lock(writer_mutex_);
  auto done = writer_->run("CHECKPOINT");
  if (done || done.error().kind == ErrorKind::storage_full) return done;
  if (done.error().detail.find("Cannot CHECKPOINT") != std::string::npos) {
    log::debug("warehouse: checkpoint put off", {{"reason", done.error().detail}});
    return {};
  }
  return done;
}

}  // namespace meterport::warehouse::duck
