#include "exports/asset_csv.h"

#include <map>
#include <utility>

#include "exports/csv_cells.h"
#include "formats/csv.h"

namespace meterport::exports {
namespace {

constexpr int bound_decimals = 3;
constexpr int rate_decimals = 6;
constexpr int sum_decimals = 12;

}  // namespace

std::string_view asset_header() {
  return "Meter ID,Meter Name,Date,Asset Name,Asset Type,Project,Folder,Org ID,Org Type,Environment Name,"
         "Environment Type,Tier,IPU Per Unit,Usage,Consumption (IPUs)";
}

void AssetCsv::set_meter(const Meter& meter, Day day) {
  if (meter_ == &meter && day_ == day) return;
  if (meter_ != &meter) sums_ = &meters_[&meter];
  meter_ = &meter;
  day_ = day;
  head_.clear();
  formats::append_csv_cell(head_, meter.id);
  head_ += ',';
  append_cell_or_null(head_, meter.name_on(day));
  head_ += ',';
  append_day(head_, day);
  head_ += "T00:00:00Z,";
}

void AssetCsv::set_tier(const rating::TierPart& part) {
  if (!tier_text_.empty() && tier_from_ == part.tier_from && tier_to_ == part.tier_to && rate_ == part.rate) return;
  tier_from_ = part.tier_from;
  tier_to_ = part.tier_to;
  rate_ = part.rate;
  tier_text_ = ",";
  part.tier_from.append_text(tier_text_, bound_decimals);
  tier_text_ += part.tier_to ? " - " : " +";
  if (part.tier_to) part.tier_to->append_text(tier_text_, bound_decimals);
  tier_text_ += ',';
  part.rate.append_text(tier_text_, rate_decimals);
  tier_text_ += ',';
}

const std::string& AssetCsv::org_text(const Org& org) {
  if (org_ == &org) return *org_text_;
  std::string& text = org_texts_[&org];
  if (text.empty()) {
    text += ',';
    formats::append_csv_cell(text, informatica_id_or_id(org));
    text += ',';
    text += printed_type(org.kind);
    text += ',';
  }
  org_ = &org;
  org_text_ = &text;
  return text;
}

void AssetCsv::append(std::string& out, const queries::AssetRow& row) {
  set_meter(*row.meter, row.day);
  set_tier(row.part);
  out += head_;
  append_cell_or_null(out, row.asset_name);
  out += ',';
  append_cell_or_null(out, row.asset_type);
  out += ',';
  append_cell_or_null(out, row.project);
  out += ',';
  append_cell_or_null(out, row.folder);
  out += org_text(*row.org);
  append_cell_or_null(out, row.environment_name);
  out += ',';
  append_cell_or_null(out, row.environment_type);
  out += tier_text_;
  row.part.quantity.append_text(out, sum_decimals);
  out += ',';
  row.part.consumption.append_text(out, sum_decimals);
  out += '\n';
  ++sums_->rows;
  sums_->quantity += row.part.quantity;
  sums_->ipu += row.part.consumption;
}

std::vector<ControlTotal> AssetCsv::totals() const {
  std::map<std::string, Sums> by_id;  // two owners may each have a meter of one id
  for (const auto& [meter, sums] : meters_) {
    Sums& all = by_id[meter->id];
    all.rows += sums.rows;
    all.quantity += sums.quantity;
    all.ipu += sums.ipu;
  }
  std::vector<ControlTotal> totals;
  for (const auto& [id, sums] : by_id) {
    totals.push_back({.meter = id, .rows = sums.rows, .quantity = sums.quantity, .billable = {}, .ipu = sums.ipu});
  }
  return totals;
}

}  // namespace meterport::exports
