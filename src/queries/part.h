// Usage of orgs whose ledgers are in several regions (DESIGN section 4 "linked regions"): what one region gives, a
// part, and where parts of others come from.
//
// A part is quantities alone: facts, or their sums by UTC day, of some orgs as of an instant, with the texts of their
// dimensions. Names and rates are put in once, by who asked. A part of the same request is the same for ever.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/instant.h"
#include "model/export_spec.h"
#include "warehouse/warehouse.h"

namespace meterport::queries {

struct TotalRow;
struct TotalsRequest;

/// What a row of a part stands for.
enum class PartGrain : std::uint8_t {
  day_sums,  ///< a fact per org, meter, UTC day and `dims`, at the day's beginning: its sum
  facts,     ///< each usage record
  records,   ///< likewise, with the whole record; what was taken back, and what takes back, is left out
};
std::string_view to_string(PartGrain grain);  ///< "day-sums", "facts", "records"
std::optional<PartGrain> parse_part_grain(std::string_view text);

struct PartRequest {
  Instant as_of;  ///< T: what the region committed at or before it
  PartGrain grain = PartGrain::day_sums;
  std::vector<std::string> orgs;  ///< ids, ascending
  Period period;      ///< event time, half-open; for day_sums whole UTC days. Begins early enough for rating
  Period shown;       ///< the report's own period, inside it: what the right to ask is judged by
  std::string meter;  ///< empty = all
  std::vector<warehouse::Dimension> dims;  ///< besides org and meter, ascending
  /// Also the first fact of each org and meter before `period`, as a quantity of 0 at the beginning of its day.
  bool with_first_days = false;
};

/// Takes a part as it is read. Codes are the giver's own; a word comes before the first fact that carries its code.
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual Status word(warehouse::Dimension dimension, warehouse::Code code, std::string_view text) = 0;
  /// Facts and records by position, sums by day, then text of org, meter, dimensions ("no value" first); a sum that one
  /// fact can't hold comes as several of one key. `position` is the giver's (of sums: 0), codes of dimensions not asked
  /// for are 0, and so is the subscription line. `payload`: of a whole record (ledger/record.h, decode_usage), else
  /// empty; `arrival_time` counts only with it.
  virtual Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) = 0;
};

/// What a caller of another region lends: both may be looked at from another thread.
struct PartCall {
  std::int64_t timeout_ms = 0;                 ///< longest standstill
  const std::atomic<bool>* is_over = nullptr;  ///< turns true: end within about a second. May be null
};

/// Other regions, as queries and exports see them. Any thread; calls wait. Each call is one attempt; every error's text
/// is safe to show and says why in few words ("refused the connection"); its kind is region_unavailable where a later
/// attempt may help, forbidden where the region refuses to answer us.
class PartSource {
 public:
  virtual ~PartSource() = default;
  [[nodiscard]] virtual const std::string& own_region() const = 0;
  /// Writes the region's part to `path` as a part file (queries/part_file.h), whole and verified, or nothing.
  virtual Status fetch(const std::string& region, const PartRequest& request, const std::string& path,
                       const PartCall& call) = 0;
  /// The region's rows of totals over `orgs` as of the instant, in no order; request.org and its as_of are not
  /// looked at.
  virtual Result<std::vector<TotalRow>> totals(const std::string& region, const TotalsRequest& request,
                                               const std::vector<std::string>& orgs, Instant as_of,
                                               const PartCall& call) = 0;
  /// Whether the region answers.
  virtual Status probe(const std::string& region, const PartCall& call) = 0;
};

}  // namespace meterport::queries
