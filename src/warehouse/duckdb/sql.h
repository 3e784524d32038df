// Private to the adapter: the texts of its statements. Only numbers and fixed names are put into them.
//
// Facts hold a quantity as two BIGINT (whole, fraction x 1e18). The roll-up holds four, each part cut at 1e9 once more:
// sums of billions of records stay inside BIGINT, so nothing has to carry, and BIGINT columns are read several times
// faster than HUGEINT ones. SUM over BIGINT is HUGEINT and cannot overflow; the cast back to BIGINT in a merge refuses
// instead of wrapping.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "warehouse/duckdb/runs.h"
#include "warehouse/warehouse.h"

namespace meterport::warehouse::duck {

/// Raised with every change of the tables; a file of another version is rebuilt.
inline constexpr std::int32_t schema_version = 1;

/// The tables of an empty file, one transaction.
std::vector<std::string> create_statements();

/// How a sum is read.
struct SumPlan {
  Cover covered;  ///< runs used; none = all from the facts
  bool with_quantity = true;
  /// whole, fraction; with the roll-up whole_1e9, whole, fraction_1e9, fraction.
  [[nodiscard]] std::size_t quantity_columns() const { return !with_quantity ? 0 : covered.runs.empty() ? 2 : 4; }
};

/// Columns of the answer: org, meter, day, step (BIGINT, number of steps after the origin) as asked for, the dimensions
/// of group_by, quantity_columns() (HUGEINT), records (UBIGINT).
std::string sum_statement(const SumQuery& query, const SumPlan& plan);
/// True when the roll-up's grain is fine enough: whole days, no dimension but org and meter, no steps.
bool roll_up_can_answer(const SumQuery& query);

/// True when the plan's rows are nearly those of the roll-up: then its parts are read as they are and added up here.
bool wants_parts(const SumQuery& query, const SumPlan& plan);
/// Columns org, meter, day, whole_1e9, whole, fraction_1e9, fraction (BIGINT), records (UBIGINT); several rows a group.
std::string parts_statement(const SumQuery& query, const SumPlan& plan);

/// Columns org, meter, day: of the earliest fact or roll-up row that the query takes in, a row for each org and meter.
std::string first_days_statement(const SumQuery& query, const Cover& covered);

/// Columns position (UBIGINT), time_us, whole, fraction (BIGINT), org, meter, then the dims.
std::string scan_statement(const ScanQuery& query);

/// Sums of the facts in (after, last] as rows of the run `id`, by day, org, meter.
std::string extend_statement(std::uint64_t id, std::uint64_t after, std::uint64_t last);
/// Sums of the runs as rows of the run `id`, likewise.
std::string merge_statement(std::uint64_t id, const std::vector<RollUpRun>& runs);
/// About how many rows merge_statement() makes.
std::string merged_rows_statement(const std::vector<RollUpRun>& runs);
/// "column IN (1,2,3)", or the range where the codes have no gaps; `values` must not be empty.
std::string is_one_of(std::string_view column, std::vector<std::uint64_t> values);

}  // namespace meterport::warehouse::duck
