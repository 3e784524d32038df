// Private to the adapter: the texts of its statements. Only numbers and fixed names are put into them.
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

/// Columns of the answer: org, meter, day as asked for, then the dimensions of group_by, then whole, fraction
/// (HUGEINT) and records (UBIGINT). `covered` is looked at only where the roll-up can answer.
std::string sum_statement(const SumQuery& query, const Cover& covered);
/// True when the roll-up's grain is fine enough: whole days, no dimension but org and meter.
bool roll_up_can_answer(const SumQuery& query);

/// Sums of the runs as rows of the run `id`, by day, org, meter.
std::string merge_statement(const std::vector<RollUpRun>& runs, std::uint64_t id);
/// "column IN (1,2,3)", or the range where the codes have no gaps; `values` must not be empty.
std::string is_one_of(std::string_view column, std::vector<std::uint64_t> values);

}  // namespace meterport::warehouse::duck
