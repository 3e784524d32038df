// Private to queries: reads one region's part out of its warehouse and ledger, slice by slice. One thread.
//
// Sums are read by days, facts and records by stretches of positions: memory is bounded by a slice. Of records that
// were taken back the positions are held.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "queries/part.h"
#include "queries/queries.h"
#include "queries/slice_reader.h"
#include "queries/taken_back.h"
#include "queries/text_order.h"

namespace meterport::queries {

/// Facts that are looked at or held at once.
inline constexpr std::uint64_t part_slice_facts = 250'000;

class PartReader {
 public:
  struct Sources {
    warehouse::Warehouse& warehouse;
    RecordSource& records;
    const loading::Dictionaries& words;
    std::uint64_t position;               ///< as of it
    const std::function<Status()>& look;  ///< may be empty
  };
  /// Cuts days of the orgs (ranks: places in request.orgs) into slices.
  using Planner = std::function<Result<std::vector<Slice>>(const ReportOrgs& orgs)>;

  PartReader(const Sources& sources, const PartRequest& request, PartSink& sink);
  Status read(const Planner& plan);

 private:
  struct Sum {
    std::int32_t day = 0;
    std::uint32_t org = 0;    ///< rank
    std::uint32_t meter = 0;  ///< code, later rank
    std::uint32_t place = 0;  ///< of its quantity and dimensions
  };

  [[nodiscard]] Status may_go_on() const { return sources_.look ? sources_.look() : Status(); }
  [[nodiscard]] std::vector<warehouse::Code> meter_codes() const;
  Status read_first_days();
  Status read_sums(const Slice& slice);
  void put_in_order(std::vector<Sum>& sums, std::vector<warehouse::Code>& dims);
  Status give_sum(warehouse::Fact fact, const Total& quantity);

  Status read_facts();
  Status give_facts(std::vector<warehouse::FactRow>& rows);
  Status give_record(const warehouse::Fact& fact, RecordReader& reader);
  Status find_taken_back(const std::vector<Slice>& slices);
  [[nodiscard]] warehouse::ScanQuery scan_of(Period period) const;

  /// With its words, if they are new.
  Status give(const warehouse::Fact& fact, std::string_view payload = {}, Instant arrival_time = {});

  const Sources sources_;
  const PartRequest& request_;
  PartSink& sink_;
  std::vector<Org> orgs_;  ///< with nothing but their ids
  ReportOrgs report_;
  OrgCodes codes_;
  std::vector<warehouse::Code> code_by_rank_;
  std::array<std::vector<bool>, warehouse::dimension_count> given_;  ///< by code
  std::vector<std::uint64_t> taken_back_;                            ///< positions, ascending
};

}  // namespace meterport::queries
