// Private to queries: the usage of one slice by org, meter, day and texts, rated by tier. One thread.
//
// Tiers fill by day ascending, rows are printed by day descending, so a slice is rated whole before its first row. What
// is held of a sum is fixed-width: 40 bytes of numbers, its quantity, 40 bytes a tier that it touched.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "queries/rater.h"
#include "queries/slice_reader.h"
#include "queries/text_order.h"

namespace meterport::queries {

class RatedSums {
 public:
  static constexpr std::size_t texts_max = 6;

  struct Key {
    std::uint32_t org = 0;                         ///< rank
    std::uint32_t meter = 0;                       ///< code, later rank
    std::int32_t day = 0;                          ///< since the epoch
    std::array<std::uint32_t, texts_max> texts{};  ///< as meter; those not asked for: 0
    std::uint32_t place = 0;                       ///< of its quantity, later of its first part
  };
  struct Part {
    Total quantity;
    std::uint32_t tier = 0;
    bool is_last = false;  ///< of its key's
  };

  /// `texts` in the order in which tiers fill (Rater::rate).
  RatedSums(const catalog::Snapshot& catalogue, const ReportOrgs& orgs, const loading::Dictionaries& words,
            std::span<const warehouse::Dimension> texts);
  RatedSums(const RatedSums&) = delete;
  RatedSums& operator=(const RatedSums&) = delete;

  /// Everything that `slice` holds, once; meters that the server makes are left out. As Queries' rated rows.
  Status read(warehouse::Warehouse& warehouse, const Snapshot& snapshot, const Slice& slice);

  /// In no order that means anything: for the caller to sort. Days on which an org is not on the report are there too.
  [[nodiscard]] std::vector<Key>& keys() { return keys_; }
  [[nodiscard]] const Meter& meter(const Key& key) { return **rater_.meter(key.org, key.meter, Day{key.day}); }
  /// Empty for none.
  [[nodiscard]] std::string_view text(const Key& key, std::size_t which) const {
    return texts_[which].text(key.texts[which]);
  }
  /// By tier, the lowest first; at least one.
  [[nodiscard]] std::span<const Part> parts(const Key& key) const;
  [[nodiscard]] rating::TierPart tier_part(const Part& part, const Meter& meter) const;

 private:
  struct Tier {
    Decimal from;
    std::optional<Decimal> to;
    Decimal rate;
    friend bool operator==(const Tier&, const Tier&) = default;
  };

  void add(const warehouse::SumRow& row, std::uint32_t org);
  void put_in_order();
  Status rate();
  std::uint32_t number_of(const Tier& tier);

  const loading::Dictionaries& words_;
  const std::vector<warehouse::Dimension> dimensions_;
  const ReportOrgs& orgs_;
  TextOrder meters_;
  std::vector<TextOrder> texts_;
  Rater rater_;
  std::vector<Key> keys_;
  std::vector<Total> quantities_;
  std::vector<Part> parts_;
  std::vector<Tier> tiers_;  ///< distinct; few
  std::uint32_t tier_ = 0;   ///< found last
};

}  // namespace meterport::queries
