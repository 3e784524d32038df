// Private to queries: rows of GET /v1/usage, made of the store's sums and added up over regions.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "loading/dictionaries.h"
#include "queries/queries.h"
#include "queries/total_windows.h"
#include "queries/zone.h"

namespace meterport::queries {

inline constexpr std::size_t total_rows_max = 200'000;

inline bool is_window_column(std::string_view column) {
  return column == "day" || column == "window";
}

/// What the arguments live in outlives it.
class TotalRows {
 public:
  TotalRows(const std::vector<std::string>& group_by, const warehouse::SumQuery& query, const TotalWindows& windows,
            const Zone& zone, const loading::Dictionaries& words)
      : names_(group_by), query_(query), windows_(windows), zone_(zone), words_(words) {}

  void add(const warehouse::SumRow& sum);
  [[nodiscard]] bool is_too_large() const { return is_too_large_; }
  /// In no order; once.
  std::vector<TotalRow> take() { return std::move(rows_); }

 private:
  [[nodiscard]] TotalRow to_row(const warehouse::SumRow& sum, std::uint32_t window) const;

  const std::vector<std::string>& names_;
  const warehouse::SumQuery& query_;
  const TotalWindows& windows_;
  const Zone& zone_;
  const loading::Dictionaries& words_;
  std::vector<TotalRow> rows_;
  std::map<std::vector<std::uint32_t>, std::size_t> places_;
  bool is_too_large_ = false;
};

/// By the group columns' text, in group_by order; rows of one group are added up.
std::vector<TotalRow> in_order(std::vector<TotalRow> rows, const std::vector<std::string>& group_by);

}  // namespace meterport::queries
