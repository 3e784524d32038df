// What regions say to each other, as JSON (docs/formats/region-calls.md): requests with every bound that holds for
// them, answers as they are read back. Pure functions, any thread.
//
// Readers refuse what they do not know: `malformed` no JSON, `invalid` with the JSON pointer, too_large.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "queries/part.h"
#include "queries/queries.h"

namespace meterport::regions {

inline constexpr std::size_t orgs_max = 100'000;
inline constexpr std::size_t request_bytes_max = 8 * 1024 * 1024;
/// A billing period, and the days in which one may have been cut by a change of its anchor.
inline constexpr std::int32_t days_before_shown_max = 62;

std::string part_request_json(const queries::PartRequest& request);
Result<queries::PartRequest> read_part_request(std::string_view json);

struct TotalsCall {
  queries::TotalsRequest request;
  std::vector<std::string> orgs;
  Instant as_of;
};
std::string totals_call_json(const TotalsCall& call);
Result<TotalsCall> read_totals_call(std::string_view json);

/// One JSON object a line.
std::string total_rows_json(const std::vector<queries::TotalRow>& rows);
Result<std::vector<queries::TotalRow>> read_total_rows(std::string_view lines);
/// Whether the row is one of what was asked for: of those orgs and that meter, with the columns that it is grouped by.
bool is_row_of(const queries::TotalRow& row, const TotalsCall& call);

/// How far a part is that is not there yet.
struct Waiting {
  std::uint64_t rows = 0;
  std::string waits_for;  ///< "a turn", "the clock", "loading"; empty: for nothing, it is being made
  Instant now;            ///< the answering region's clock
};
std::string waiting_json(const Waiting& waiting);
Result<Waiting> read_waiting(std::string_view json);

struct Ping {
  std::string name, version;
  Instant now;
  std::uint64_t catalogue_position = 0;
};
std::string ping_json(const Ping& ping);
Result<Ping> read_ping(std::string_view json);

std::string feed_json(const catalog::CatalogueFeed& feed);
Result<catalog::CatalogueFeed> read_feed(std::string_view json);

}  // namespace meterport::regions
