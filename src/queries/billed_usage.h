// Rows of raw and billable usage (model/billed_usage.h), in the order and with the words of here.md 3.1: by
// subscription, category, name; then feature id, window, app, project (as printed), billing tag, realm; byte order,
// "none" first. Exactly one row per key. Meters of category ORGS are left out.
//
// A reader for one piece of work: one thread, reads slice after slice. Memory is bounded by a slice's rows, however
// long the answer is; only billing state of the current charge items goes over from slice to slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/error.h"
#include "model/billed_usage.h"
#include "model/charge_item.h"
#include "model/export_spec.h"
#include "model/organization.h"

namespace meterport::queries {

/// Views live until the callback returns; `org` and `item` as long as the reader and its catalogue.
struct BilledRow {
  const Org* org = nullptr;
  const ChargeItem* item = nullptr;
  std::string_view subscription, charge_number;  ///< empty: none
  std::optional<Instant> start;                  ///< of the window
  std::string_view app_id, app_name, app_hrn;    ///< when grouped by or filtered by app; empty: none. Of several names
                                                 ///< of one app id the first in byte order
  std::string_view project;                      ///< when grouped by; as printed
  std::string_view billing_tag;                  ///< when grouped by
  Total quantity, billable;
};

class BilledUsage {
 public:
  virtual ~BilledUsage() = default;
  /// How many slices there are; the work's progress.
  [[nodiscard]] virtual std::size_t slices() const = 0;
  /// The rows of the next slice; each slice once, in order. An error of `each` ends it and comes back. busy: not
  /// loaded.
  virtual Status read_next(const std::function<Status(const BilledRow&)>& each) = 0;
  /// Asked between the pieces of a slice, which may be many before the first row: an error ends it and comes back.
  virtual void set_look(std::function<Status()> look) = 0;
};

struct BilledPageRequest {
  std::string org;          ///< who asks for his usage; spec.orgs (empty: he alone) whose it is
  Period period;            ///< whole hours
  BilledUsageSpec spec;     ///< with rows_max: more rows are too_large
  std::uint64_t skip = 0;   ///< rows before the page
  std::uint64_t count = 0;  ///< rows of the page
};
struct BilledPage {
  std::uint64_t total = 0;  ///< rows of all pages
  Snapshot snapshot;
};

}  // namespace meterport::queries
