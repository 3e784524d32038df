// Opening and reading; duckdb_writer.cpp has what changes the file.
#include "warehouse/duckdb/duckdb_warehouse.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "warehouse/duckdb/day_sums.h"
#include "warehouse/duckdb/sql.h"

namespace meterport::warehouse {

Result<std::unique_ptr<Warehouse>> open_duckdb(const DuckDbOptions& options) {
  return duck::DuckDbWarehouse::open(options);
}

namespace duck {

namespace {

/// Where the columns of sum_statement() stand.
struct SumColumns {
  SumColumns(const SumQuery& query, const SumPlan& plan)
      : org(0),
        meter(query.by_org ? 1 : 0),
        day(meter + (query.by_meter ? 1 : 0)),
        step(day + (query.by_day ? 1 : 0)),
        dims(step + (query.step_us > 0 ? 1 : 0)),
        quantity(dims + query.group_by.size()),
        records(quantity + plan.quantity_columns()) {}
  std::size_t org, meter, day, step, dims, quantity, records;
};

/// The quantity columns of a chunk.
class Quantities {
 public:
  Quantities(const Chunk& chunk, std::size_t first, std::size_t count) : count_(count) {
    for (std::size_t i = 0; i < count; ++i) parts_.at(i) = chunk.column<duckdb_hugeint>(first + i);
  }
  [[nodiscard]] Total at(std::size_t row) const {
    constexpr Int128 shift = 1'000'000'000;
    if (count_ == 0) return {};
    if (count_ == 2) return Total::from_sums(part(0, row), part(1, row));
    return Total::from_sums(part(0, row) * shift + part(1, row), part(2, row) * shift + part(3, row));
  }

 private:
  [[nodiscard]] Int128 part(std::size_t index, std::size_t row) const { return to_int128(parts_.at(index)[row]); }
  std::size_t count_;
  std::array<const duckdb_hugeint*, 4> parts_{};
};

void read_sum_rows(const Chunk& chunk, const SumQuery& query, const SumPlan& plan, SumRow& row,
                   const std::function<void(const SumRow&)>& each) {
  const SumColumns at(query, plan);
  const Code* org = query.by_org ? chunk.column<Code>(at.org) : nullptr;
  const Code* meter = query.by_meter ? chunk.column<Code>(at.meter) : nullptr;
  const std::int32_t* day = query.by_day ? chunk.column<std::int32_t>(at.day) : nullptr;
  const std::int64_t* step = query.step_us > 0 ? chunk.column<std::int64_t>(at.step) : nullptr;
  std::vector<const Code*> dims;
  for (std::size_t i = 0; i < query.group_by.size(); ++i) dims.push_back(chunk.column<Code>(at.dims + i));
  const Quantities quantities(chunk, at.quantity, plan.quantity_columns());
  const auto* records = chunk.column<std::uint64_t>(at.records);
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    if (org != nullptr) row.org = org[i];
    if (meter != nullptr) row.meter = meter[i];
    if (day != nullptr) row.day = Day{day[i]};
    if (step != nullptr) row.step_start = query.step_origin.plus_us(step[i] * query.step_us);
    for (std::size_t d = 0; d < dims.size(); ++d) row.dims[d] = dims[d][i];
    row.quantity = quantities.at(i);
    row.records = records[i];
    each(row);
  }
}

/// Rows of scan_statement().
void read_facts(const Chunk& chunk, FactRow& row, const std::function<void(const FactRow&)>& each) {
  const auto* position = chunk.column<std::uint64_t>(0);
  const auto* time = chunk.column<std::int64_t>(1);
  const auto* whole = chunk.column<std::int64_t>(2);
  const auto* fraction = chunk.column<std::int64_t>(3);
  const auto* org = chunk.column<Code>(4);
  const auto* meter = chunk.column<Code>(5);
  std::vector<const Code*> dims;
  for (std::size_t d = 0; d < row.dims.size(); ++d) dims.push_back(chunk.column<Code>(6 + d));
  for (std::size_t i = 0; i < chunk.size(); ++i) {
    row.org = org[i];
    row.meter = meter[i];
    row.position = position[i];
    row.time = Instant{time[i]};
    row.quantity = Decimal::from_parts(whole[i], fraction[i]);
    for (std::size_t d = 0; d < dims.size(); ++d) row.dims[d] = dims[d][i];
    each(row);
  }
}

/// Rows of parts_statement().
void add_parts_up(QueryResult& parts, SumRow& row, const std::function<void(const SumRow&)>& each) {
  constexpr Int128 shift = 1'000'000'000;
  DaySums sums;
  parts.read([&](const Chunk& chunk) {
    const auto* org = chunk.column<Code>(0);
    const auto* meter = chunk.column<Code>(1);
    const auto* day = chunk.column<std::int32_t>(2);
    const auto* whole_1e9 = chunk.column<std::int64_t>(3);
    const auto* whole = chunk.column<std::int64_t>(4);
    const auto* fraction_1e9 = chunk.column<std::int64_t>(5);
    const auto* fraction = chunk.column<std::int64_t>(6);
    const auto* records = chunk.column<std::uint64_t>(7);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      sums.add({.day = day[i],
                .org = org[i],
                .meter = meter[i],
                .whole = whole_1e9[i] * shift + whole[i],
                .fraction_1e18 = fraction_1e9[i] * shift + fraction[i],
                .records = records[i]});
    }
  });
  for (const DaySum& sum : sums.rows()) {
    row.org = sum.org;
    row.meter = sum.meter;
    row.day = Day{sum.day};
    row.quantity = Total::from_sums(sum.whole, sum.fraction_1e18);
    row.records = sum.records;
    each(row);
  }
}

std::unexpected<Error> other_schema(const std::string& detail) {
  return fail(ErrorKind::internal,
              "the warehouse file is of another version; stop the server, remove warehouse.duckdb and start again: it "
              "is read anew from the ledger",
              detail);
}

}  // namespace

Result<std::unique_ptr<Warehouse>> DuckDbWarehouse::open(const DuckDbOptions& options) {
  auto database = Database::open(options);
  if (!database) return fail(std::move(database));
  std::unique_ptr<DuckDbWarehouse> warehouse(new DuckDbWarehouse(std::move(*database), options.run_facts_min));
  auto writer = warehouse->database_->connect();
  if (!writer) return fail(std::move(writer));
  warehouse->writer_ = std::move(*writer);
  if (auto prepared = warehouse->prepare_schema(); !prepared) return fail(std::move(prepared));
  return std::unique_ptr<Warehouse>(std::move(warehouse));
}

Status DuckDbWarehouse::prepare_schema() {
  auto tables = writer_->query("SELECT CAST(COUNT(*) AS BIGINT) FROM information_schema.tables");
  if (!tables) return fail(std::move(tables));
  std::int64_t table_count = 0;
  tables->read([&](const Chunk& chunk) { table_count = chunk.column<std::int64_t>(0)[0]; });
  if (table_count == 0) {
    return writer_->in_transaction([&]() -> Status {
      for (const std::string& sql : create_statements()) {
        if (auto made = writer_->run(sql); !made) return made;
      }
      return {};
    });
  }
  return read_state();
}

Status DuckDbWarehouse::read_state() {
  auto meta = writer_->query("SELECT schema_version, loaded_position FROM meta");
  if (!meta) return other_schema(meta.error().detail);
  std::int32_t version = 0;
  std::uint64_t loaded = 0;
  meta->read([&](const Chunk& chunk) {
    version = chunk.column<std::int32_t>(0)[0];
    loaded = chunk.column<std::uint64_t>(1)[0];
  });
  if (version != schema_version) return other_schema("schema version " + std::to_string(version));
  auto runs = read_runs(*writer_);
  if (!runs) return fail(std::move(runs));
  runs_ = std::move(*runs);
  for (const RollUpRun& run : runs_) last_run_id_ = std::max(last_run_id_, run.id);
  loaded_position_ = loaded;
  auto rest = writer_->query(fmt::format("SELECT COUNT(*) FROM facts WHERE position > {}", summed_position()));
  if (!rest) return fail(std::move(rest));
  rest->read(
      [&](const Chunk& chunk) { facts_not_summed_ = static_cast<std::uint64_t>(chunk.column<std::int64_t>(0)[0]); });
  return {};
}

Result<std::vector<RollUpRun>> read_runs(Connection& connection) {
  auto result = connection.query("SELECT id, first_position, last_position, row_count, parent FROM runs");
  if (!result) return fail(std::move(result));
  std::vector<RollUpRun> runs;
  result->read([&](const Chunk& chunk) {
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const auto cell = [&](std::size_t column) { return chunk.column<std::uint64_t>(column)[i]; };
      runs.push_back(
          {.id = cell(0), .first_position = cell(1), .last_position = cell(2), .rows = cell(3), .parent = cell(4)});
    }
  });
  return runs;
}

Status DuckDbWarehouse::read_words(const std::function<void(Dimension, Code, std::string_view)>& each) {
  std::optional<QueryResult> words;
  auto status = readers_.read([&](Connection& connection) -> Status {
    auto result = connection.query("SELECT dimension, code, text FROM words");
    if (!result) return fail(std::move(result));
    words.emplace(std::move(*result));
    return {};
  });
  if (!status) return status;
  words->read([&](const Chunk& chunk) {
    const auto* dimension = chunk.column<std::uint8_t>(0);
    const auto* code = chunk.column<Code>(1);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      each(static_cast<Dimension>(dimension[i]), code[i], chunk.text(2, i));
    }
  });
  return {};
}

Result<QueryResult> DuckDbWarehouse::read_sums(const SumQuery& query, SumPlan& plan) {
  if (query.orgs.empty()) return fail(ErrorKind::internal, "a sum needs an organization", "no orgs in a SumQuery");
  std::optional<QueryResult> sums;
  auto status = readers_.read([&](Connection& connection) -> Status {
    if (roll_up_can_answer(query)) {
      auto runs = read_runs(connection);
      if (!runs) return fail(std::move(runs));
      plan.covered = cover(*runs, query.as_of_position);
    }
    auto result =
        connection.query(wants_parts(query, plan) ? parts_statement(query, plan) : sum_statement(query, plan));
    if (!result) return fail(std::move(result));
    sums.emplace(std::move(*result));
    return {};
  });
  if (!status) return fail(std::move(status));
  return std::move(*sums);
}

Status DuckDbWarehouse::sum_as(const SumQuery& query, bool with_quantity,
                               const std::function<void(const SumRow&)>& each) {
  SumPlan plan{.covered = {}, .with_quantity = with_quantity};
  auto sums = read_sums(query, plan);
  if (!sums) return fail(std::move(sums));
  SumRow row;
  row.dims.resize(query.group_by.size());
  if (wants_parts(query, plan)) {
    add_parts_up(*sums, row, each);
    return {};
  }
  sums->read([&](const Chunk& chunk) { read_sum_rows(chunk, query, plan, row, each); });
  return {};
}

Status DuckDbWarehouse::scan(const ScanQuery& query, const std::function<void(const FactRow&)>& each) {
  if (query.orgs.empty()) return fail(ErrorKind::internal, "a scan needs an organization", "no orgs in a ScanQuery");
  std::optional<QueryResult> facts;
  auto status = readers_.read([&](Connection& connection) -> Status {
    auto result = connection.query(scan_statement(query));
    if (!result) return fail(std::move(result));
    facts.emplace(std::move(*result));
    return {};
  });
  if (!status) return status;
  FactRow row;
  row.dims.resize(query.dims.size());
  facts->read([&](const Chunk& chunk) { read_facts(chunk, row, each); });
  return {};
}

Result<std::vector<DayCount>> DuckDbWarehouse::count_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                          const std::vector<Code>& meters, Instant from, Instant to) {
  std::vector<DayCount> counts;
  const SumQuery query{.as_of_position = as_of_position,
                       .orgs = orgs,
                       .meters = meters,
                       .from = from,
                       .to = to,
                       .group_by = {},
                       .by_org = true,
                       .by_meter = false,
                       .by_day = true};
  auto status = sum_as(query, false, [&](const SumRow& row) {
    counts.push_back({.day = row.day, .org = row.org, .records = row.records});
  });
  if (!status) return fail(std::move(status));
  return counts;
}

Result<std::vector<Code>> DuckDbWarehouse::meters_in_use(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                         Instant from, Instant to) {
  std::vector<Code> meters;
  const SumQuery query{.as_of_position = as_of_position,
                       .orgs = orgs,
                       .meters = {},
                       .from = from,
                       .to = to,
                       .group_by = {},
                       .by_org = false,
                       .by_meter = true,
                       .by_day = false};
  auto status = sum_as(query, false, [&](const SumRow& row) { meters.push_back(row.meter); });
  if (!status) return fail(std::move(status));
  return meters;
}

Result<std::vector<FirstDay>> DuckDbWarehouse::first_days(std::uint64_t as_of_position, const std::vector<Code>& orgs,
                                                          const std::vector<Code>& meters, Day before) {
  if (orgs.empty() || meters.empty()) return fail(ErrorKind::internal, "first days need organizations and meters");
  SumQuery query;
  query.as_of_position = as_of_position;
  query.orgs = orgs;
  query.meters = meters;
  query.from = start_of(Day{-1'000'000});  // before every date that can be written
  query.to = start_of(before);
  std::optional<QueryResult> days;
  auto status = readers_.read([&](Connection& connection) -> Status {
    auto runs = read_runs(connection);
    if (!runs) return fail(std::move(runs));
    auto result = connection.query(first_days_statement(query, cover(*runs, as_of_position)));
    if (!result) return fail(std::move(result));
    days.emplace(std::move(*result));
    return {};
  });
  if (!status) return fail(std::move(status));
  std::vector<FirstDay> first;
  days->read([&](const Chunk& chunk) {
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      first.push_back({.org = chunk.column<Code>(0)[i],
                       .meter = chunk.column<Code>(1)[i],
                       .day = Day{chunk.column<std::int32_t>(2)[i]}});
    }
  });
  return first;
}

}  // namespace duck
}  // namespace meterport::warehouse
