#include "dialects/here/answers.h"

#include <algorithm>

#include "dialects/here/dates.h"

namespace meterport::here {
namespace {

constexpr int decimals_max = 4;

/// Writes the fields that were asked for.
class Row {
 public:
  Row(JsonWriter& out, const BilledUsageSpec& spec) : out_(out), spec_(spec) {}

  void text(std::string_view name, std::string_view value) {
    if (is_wanted(name)) out_.field(name, value);
  }
  /// A JSON number.
  void number(std::string_view name, const Total& value) {
    if (!is_wanted(name)) return;
    std::string digits;
    value.append_rounded_text(digits, decimals_max);
    out_.key(name).raw(digits);
  }

 private:
  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return spec_.fields.empty() || std::ranges::find(spec_.fields, name) != spec_.fields.end();
  }

  JsonWriter& out_;
  const BilledUsageSpec& spec_;
};

}  // namespace

std::uint64_t last_offset(std::uint64_t total, std::uint64_t limit) {
  return total == 0 ? 0 : (total - 1) / limit;
}

std::uint64_t next_offset(std::uint64_t total, const PageQuery& page) {
  return std::min(page.offset + 1, last_offset(total, page.limit));
}

void append_usage_row(JsonWriter& out, const queries::BilledRow& row, const BilledUsageSpec& spec,
                      bool has_quoted_dates) {
  out.begin_object();
  Row fields(out, spec);
  fields.text("realmId", realm_of(*row.org));
  if (spec.by_app) out.field("appId", row.app_id);
  if ((spec.by_app || !spec.app.empty()) && !row.app_id.empty()) {
    out.field("appName", row.app_name).field("appHrn", row.app_hrn);
  }
  fields.text("billingSubscriptionId", row.subscription);
  fields.text("billingChargeNumber", row.charge_number);
  fields.text("featureId", row.item->feature_id);
  fields.text("category", row.item->category);
  fields.text("name", row.item->name);
  fields.text("valueDriver", row.item->unit);
  if (spec.by_project) out.field("projectHrn", row.project);
  if (spec.by_billing_tag) out.field("billingTag", row.billing_tag.empty() ? no_billing_tag : row.billing_tag);
  if (row.start) out.field("usageDateTime", print_date(*row.start, has_quoted_dates));
  fields.number("usageValue", row.quantity);
  fields.number("billableValue", row.billable);
  out.end_object();
}

std::string usage_page(std::uint64_t total, const PageQuery& page, std::string_view items) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().field("total", total).field("limit", page.limit).key("items").raw(items);
  out.field("nextOffset", next_offset(total, page)).field("lastOffset", last_offset(total, page.limit));
  out.end_object();
  return body;
}

}  // namespace meterport::here
