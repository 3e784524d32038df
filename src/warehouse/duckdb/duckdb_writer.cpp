// What changes the file: load batches, merges of roll-up runs, checkpoints.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "warehouse/duckdb/day_sums.h"
#include "warehouse/duckdb/duckdb_warehouse.h"
#include "warehouse/duckdb/sql.h"

namespace meterport::warehouse::duck {

namespace {

// Runs merged at once at the least: a merge of few rewrites too often, of many leaves too much to read.
constexpr std::size_t fan_in_min = 16;

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

/// One column of the chunk from one member of the rows.
template <class T, class Row, class Get>
void fill_column(TableAppender& appender, std::size_t column, const Row* rows, std::size_t count, Get&& get) {
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
  std::uint64_t covered_end = 0;
  for (const RollUpRun& run : runs_) covered_end = std::max(covered_end, run.last_position);
  const std::vector<DaySum> sums = day_sums(batch.facts);
  const RollUpRun run{.id = last_run_id_ + 1,
                      .first_position = covered_end + 1,
                      .last_position = batch.loaded_position,
                      .rows = sums.size()};
  auto status = writer_->in_transaction([&]() -> Status {
    if (auto words = append_words(batch.words); !words) return words;
    if (!batch.facts.empty()) {
      if (auto facts = append_facts(batch.facts); !facts) return facts;
      if (auto added = append_run(run, sums); !added) return added;
    }
    return writer_->run(fmt::format("UPDATE meta SET loaded_position = {}", batch.loaded_position));
  });
  if (!status) {
    // A commit that answered with an error may have happened all the same: the file knows.
    auto state = read_state();
    return state && loaded_position_ == batch.loaded_position ? Status{} : status;
  }
  loaded_position_ = batch.loaded_position;
  if (!batch.facts.empty()) {
    runs_.push_back(run);
    last_run_id_ = run.id;
  }
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

Status DuckDbWarehouse::append_run(const RollUpRun& run, const std::vector<DaySum>& sums) {
  auto appender =
      TableAppender::open(*writer_, "rollup",
                          {DUCKDB_TYPE_UBIGINT, DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_UINTEGER, DUCKDB_TYPE_UINTEGER,
                           DUCKDB_TYPE_HUGEINT, DUCKDB_TYPE_HUGEINT, DUCKDB_TYPE_UBIGINT});
  if (!appender) return fail(std::move(appender));
  auto appended = append_rows(*appender, sums.size(), [&](std::size_t first, std::size_t count) {
    const DaySum* rows = sums.data() + first;
    fill_column<std::uint64_t>(*appender, 0, rows, count, [&](const DaySum&) { return run.id; });
    fill_column<std::int32_t>(*appender, 1, rows, count, [](const DaySum& s) { return s.day; });
    fill_column<Code>(*appender, 2, rows, count, [](const DaySum& s) { return s.org; });
    fill_column<Code>(*appender, 3, rows, count, [](const DaySum& s) { return s.meter; });
    fill_column<duckdb_hugeint>(*appender, 4, rows, count, [](const DaySum& s) { return to_hugeint(s.whole); });
    fill_column<duckdb_hugeint>(*appender, 5, rows, count, [](const DaySum& s) { return to_hugeint(s.fraction_1e18); });
    fill_column<std::uint64_t>(*appender, 6, rows, count, [](const DaySum& s) { return s.records; });
  });
  if (!appended) return appended;
  return writer_->run(fmt::format("INSERT INTO runs VALUES ({}, {}, {}, {}, 0)", run.id, run.first_position,
                                  run.last_position, run.rows));
}

Result<bool> DuckDbWarehouse::compact() {
  const std::lock_guard lock(writer_mutex_);
  const std::vector<RollUpRun> merged = runs_to_merge(runs_, fan_in_min);
  if (merged.empty()) return false;
  RollUpRun result{.id = last_run_id_ + 1,
                   .first_position = merged.front().first_position,
                   .last_position = merged.back().last_position};
  std::vector<std::uint64_t> dropped;
  auto status = writer_->in_transaction([&] { return merge(merged, result, dropped); });
  if (!status) {
    // As in append(): what counts is what the file says; the error is told either way.
    (void)read_state();
    return fail(std::move(status));
  }
  last_run_id_ = result.id;
  for (RollUpRun& run : runs_) {
    if (std::ranges::any_of(merged, [&](const RollUpRun& m) { return m.id == run.id; })) run.parent = result.id;
  }
  std::erase_if(runs_, [&](const RollUpRun& run) { return std::ranges::find(dropped, run.id) != dropped.end(); });
  runs_.push_back(result);
  return true;
}

Status DuckDbWarehouse::merge(const std::vector<RollUpRun>& merged, RollUpRun& result,
                              std::vector<std::uint64_t>& dropped) {
  auto inserted = writer_->query(merge_statement(merged, result.id));
  if (!inserted) return fail(std::move(inserted));
  inserted->read(
      [&](const Chunk& chunk) { result.rows = static_cast<std::uint64_t>(chunk.column<std::int64_t>(0)[0]); });
  std::vector<std::uint64_t> ids;
  for (const RollUpRun& run : merged) ids.push_back(run.id);
  // What these runs once replaced goes now: one generation is kept.
  for (const RollUpRun& run : runs_) {
    if (run.parent != 0 && std::ranges::find(ids, run.parent) != ids.end()) dropped.push_back(run.id);
  }
  std::vector<std::string> statements;
  if (!dropped.empty()) {
    statements.push_back("DELETE FROM rollup WHERE " + is_one_of("run", dropped));
    statements.push_back("DELETE FROM runs WHERE " + is_one_of("id", dropped));
  }
  statements.push_back(fmt::format("UPDATE runs SET parent = {} WHERE {}", result.id, is_one_of("id", ids)));
  statements.push_back(fmt::format("INSERT INTO runs VALUES ({}, {}, {}, {}, 0)", result.id, result.first_position,
                                   result.last_position, result.rows));
  for (const std::string& sql : statements) {
    if (auto done = writer_->run(sql); !done) return done;
  }
  return {};
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
