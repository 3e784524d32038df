#include "queries/total_rows.h"

#include <algorithm>
#include <compare>
#include <utility>

namespace meterport::queries {

using warehouse::Dimension;

void TotalRows::add(const warehouse::SumRow& sum) {
  if (is_too_large_) return;
  const std::uint32_t window = windows_.number_of(sum);
  if (windows_.must_fold()) {
    std::vector<std::uint32_t> key = sum.dims;
    key.insert(key.end(), {sum.org, sum.meter, window});
    const auto [place, is_new] = places_.try_emplace(std::move(key), rows_.size());
    if (!is_new) {
      TotalRow& row = rows_[place->second];
      row.quantity += sum.quantity;
      row.records += sum.records;
      return;
    }
  }
  is_too_large_ = rows_.size() == total_rows_max;
  if (!is_too_large_) rows_.push_back(to_row(sum, window));
}

TotalRow TotalRows::to_row(const warehouse::SumRow& sum, std::uint32_t window) const {
  TotalRow row;
  row.quantity = sum.quantity;
  row.records = sum.records;
  std::size_t dim = 0;
  for (const std::string& name : names_) {
    if (is_window_column(name)) {
      row.window = windows_.period(window);
      if (name == "day") row.day = zone_.day_at(row.window->from);
    } else if (name == "org") {
      row.org = words_.text(Dimension::org, sum.org);
    } else if (name == "meter") {
      row.meter = words_.text(Dimension::meter, sum.meter);
    } else {
      row.dims.emplace_back(words_.text(query_.group_by[dim], sum.dims[dim]));
      ++dim;
    }
  }
  return row;
}

namespace {

/// What a column is compared by; places in TotalRow::dims follow the columns that are dimensions.
class GroupOrder {
 public:
  explicit GroupOrder(const std::vector<std::string>& group_by) : names_(group_by) {}

  [[nodiscard]] std::strong_ordering compare(const TotalRow& a, const TotalRow& b) const {
    std::size_t dim = 0;
    for (const std::string& name : names_) {
      const std::strong_ordering order = is_window_column(name) ? start_of_window(a) <=> start_of_window(b)
                                         : name == "org"        ? a.org <=> b.org
                                         : name == "meter"      ? a.meter <=> b.meter
                                                                : compare_dim(a, b, dim++);
      if (order != 0) return order;
    }
    return std::strong_ordering::equal;
  }

 private:
  static Instant start_of_window(const TotalRow& row) { return row.window ? row.window->from : Instant(); }
  static std::strong_ordering compare_dim(const TotalRow& a, const TotalRow& b, std::size_t dim) {
    const auto text = [dim](const TotalRow& row) { return dim < row.dims.size() ? row.dims[dim] : std::string_view(); };
    return text(a) <=> text(b);
  }
  const std::vector<std::string>& names_;
};

}  // namespace

std::vector<TotalRow> in_order(std::vector<TotalRow> rows, const std::vector<std::string>& group_by) {
  const GroupOrder order(group_by);
  std::ranges::sort(rows, [&](const TotalRow& a, const TotalRow& b) { return order.compare(a, b) < 0; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept > 0 && order.compare(rows[kept - 1], rows[i]) == 0) {
      rows[kept - 1].quantity += rows[i].quantity;
      rows[kept - 1].records += rows[i].records;
    } else {
      if (kept != i) rows[kept] = std::move(rows[i]);
      ++kept;
    }
  }
  rows.resize(kept);
  return rows;
}

}  // namespace meterport::queries
