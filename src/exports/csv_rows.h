// Private to exports: rows of the kinds "summary" and "project-folder" as CSV text (informatica.md 7.2 to 7.4,
// crosswalk 1.3), and the control totals of what was printed.
//
// Text that repeats (ids, names, dates, periods) is made once and copied; a row allocates nothing. Not thread-safe; the
// catalogue whose orgs and meters the rows point to must outlive the object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/decimal.h"
#include "base/instant.h"
#include "exports/control_total.h"
#include "exports/csv_cells.h"
#include "model/export_spec.h"
#include "model/meter.h"
#include "model/organization.h"
#include "queries/queries.h"

namespace meterport::exports {

/// Of a kind with one header for all its files: summary, project-folder, asset. Without line end.
std::string_view csv_header(ExportKind kind);

class CsvRows {
 public:
  /// Appends one line with its line end.
  void append(std::string& out, const queries::SummaryRow& row);
  void append(std::string& out, const queries::ProjectFolderRow& row);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  /// By meter id.
  [[nodiscard]] std::vector<ControlTotal> totals() const;

 private:
  struct OrgText {
    std::string id;      ///< "<id>,"
    std::string tail;    ///< "<name>,<type>,"
    std::string period;  ///< "<first day>,<last day>,"
    BillingPeriod printed_period{};
    bool is_dated = false;  ///< its name has a history
    Day day;                ///< `tail` is of this day
  };
  struct MeterText {
    std::string head;  ///< "<id>,<name>,"
    std::string tail;  ///< ",<scalar>,<category>,"
    bool is_dated = false;
    bool is_ipu = false;    ///< scalar IPU: neither usage nor rate
    Day day;                ///< `head` is of this day
    Decimal rate;           ///< of `rate_text`
    std::string rate_text;  ///< empty: none printed yet
    std::uint64_t rows = 0;
    Total quantity;
    Consumption ipu;
  };
  OrgText& org_text(const Org& org, Day day);
  MeterText& meter_text(const Meter& meter, Day day);
  void set_day(Day day, std::string_view tail);

  std::uint64_t rows_ = 0;
  std::string day_text_;  ///< "<day><tail>"
  std::optional<Day> day_;
  const Org* last_org_ = nullptr;
  OrgText* last_org_text_ = nullptr;
  std::unordered_map<const Org*, OrgText> orgs_;
  std::unordered_map<const Meter*, MeterText> meters_;
  std::optional<ControlTotal> without_meter_;
};

}  // namespace meterport::exports
