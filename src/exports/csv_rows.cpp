#include "exports/csv_rows.h"

#include <algorithm>
#include <map>

#include "exports/asset_csv.h"
#include "formats/csv.h"

namespace meterport::exports {
namespace {

constexpr int usage_decimals = 10;
constexpr int ipu_decimals = 12;
constexpr int rate_decimals = 6;

void append_midnight(std::string& out, Day day) {
  append_day(out, day);
  out += " 00:00:00.0,";
}

}  // namespace

std::string_view printed_type(OrgKind kind) {
  switch (kind) {
    case OrgKind::production:
    case OrgKind::additional_production:
      return "Production";
    case OrgKind::sandbox:
      return "Sandbox";
    case OrgKind::sub_org:
      return "SubOrg";
  }
  return no_value;
}

std::string_view csv_header(ExportKind kind) {
  if (kind == ExportKind::asset) return asset_header();
  if (kind == ExportKind::project_folder) return "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)";
  return "OrgId,MeterId,MeterName,Date,BillingPeriodStartDate,BillingPeriodEndDate,MeterUsage,IPU,Scalar,"
         "MetricCategory,OrgName,OrgType,IPURate";
}

void CsvRows::set_day(Day day, std::string_view tail) {
  if (day_ == day) return;
  day_ = day;
  day_text_.clear();
  append_day(day_text_, day);
  day_text_ += tail;
}

CsvRows::OrgText& CsvRows::org_text(const Org& org, Day day) {
  if (last_org_ != &org) {
    last_org_ = &org;
    last_org_text_ = &orgs_[&org];
  }
  OrgText& text = *last_org_text_;
  const bool is_new = text.id.empty();
  if (is_new) {
    formats::append_csv_cell(text.id, informatica_id_or_id(org));
    text.id += ',';
    text.is_dated = std::ranges::any_of(org.history, [](const OrgChange& change) { return change.name.has_value(); });
  }
  if (is_new || (text.is_dated && text.day != day)) {
    text.day = day;
    text.tail.clear();
    append_cell_or_null(text.tail, org.name_on(day));
    text.tail += ',';
    text.tail += printed_type(org.kind);
    text.tail += ',';
  }
  return text;
}

CsvRows::MeterText& CsvRows::meter_text(const Meter& meter, Day day) {
  MeterText& text = meters_[&meter];
  const bool is_new = text.tail.empty();
  if (is_new) {
    text.tail += ',';
    append_cell_or_null(text.tail, meter.scalar_or_unit());
    text.tail += ',';
    append_cell_or_null(text.tail, meter.category);
    text.tail += ',';
    text.is_dated = meter.names.size() > 1;
    text.is_ipu = meter.scalar == "IPU";
  }
  if (is_new || (text.is_dated && text.day != day)) {
    text.day = day;
    text.head.clear();
    formats::append_csv_cell(text.head, meter.id);
    text.head += ',';
    append_cell_or_null(text.head, meter.name_on(day));
    text.head += ',';
  }
  return text;
}

void CsvRows::append(std::string& out, const queries::SummaryRow& row) {
  OrgText& org = org_text(*row.org, row.day);
  MeterText& meter = meter_text(*row.meter, row.day);
  set_day(row.day, " 00:00:00.0,");
  if (org.printed_period.first != row.billing_period.first ||
      org.printed_period.next_first != row.billing_period.next_first) {
    org.printed_period = row.billing_period;
    org.period.clear();
    append_midnight(org.period, row.billing_period.first);
    append_midnight(org.period, row.billing_period.next_first.plus(-1));
  }
  out += org.id;
  out += meter.head;
  out += day_text_;
  out += org.period;
  if (meter.is_ipu) {
    out += no_value;
  } else {
    row.rated.quantity.append_text(out, usage_decimals);
    meter.quantity += row.rated.quantity;
  }
  out += ',';
  row.rated.consumption.append_text(out, ipu_decimals);
  out += meter.tail;
  out += org.tail;
  if (meter.is_ipu) {
    out += no_value;
  } else {
    if (meter.rate_text.empty() || meter.rate != row.rated.rate) {
      meter.rate = row.rated.rate;
      meter.rate_text = row.rated.rate.to_text(rate_decimals);
    }
    out += meter.rate_text;
  }
  out += '\n';
  meter.ipu += row.rated.consumption;
  ++meter.rows;
  ++rows_;
}

void CsvRows::append(std::string& out, const queries::ProjectFolderRow& row) {
  const OrgText& org = org_text(*row.org, row.day);
  set_day(row.day, "T00:00:00Z,");
  out += day_text_;
  append_cell_or_null(out, row.project);
  out += ',';
  append_cell_or_null(out, row.folder);
  out += ',';
  out += org.id;
  out += printed_type(row.org->kind);
  out += ',';
  row.consumption.append_text(out, ipu_decimals);
  out += '\n';
  if (!without_meter_)
    without_meter_ = ControlTotal{.meter = {}, .rows = 0, .quantity = {}, .billable = {}, .ipu = Consumption()};
  *without_meter_->ipu += row.consumption;
  ++without_meter_->rows;
  ++rows_;
}

std::vector<ControlTotal> CsvRows::totals() const {
  if (without_meter_) return {*without_meter_};
  std::map<std::string, ControlTotal> by_id;  // two owners may each have a meter of one id
  for (const auto& [meter, text] : meters_) {
    ControlTotal& total = by_id[meter->id];
    total.meter = meter->id;
    total.rows += text.rows;
    if (!text.is_ipu) total.quantity = total.quantity.value_or(Total()) + text.quantity;
    total.ipu = total.ipu.value_or(Consumption());
    *total.ipu += text.ipu;
  }
  std::vector<ControlTotal> totals;
  for (auto& [id, total] : by_id) totals.push_back(std::move(total));
  return totals;
}

}  // namespace meterport::exports
