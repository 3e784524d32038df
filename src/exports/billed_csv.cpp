#include "exports/billed_csv.h"

#include <algorithm>

#include "model/charge_item.h"

namespace meterport::exports {
namespace {

constexpr int value_decimals = 4;

/// A cell that is not the first of its line.
void append_cell(std::string& out, std::string_view text) {
  out += ",\"";
  for (std::size_t quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"')) {
    out += text.substr(0, quote + 1);
    out += '"';
    text.remove_prefix(quote + 1);
  }
  out += text;
  out += '"';
}

void append_value(std::string& out, const Total& value) {
  out += ",\"";
  value.append_rounded_text(out, value_decimals, value_decimals);
  out += '"';
}

}  // namespace

BilledCsv::BilledCsv(const BilledUsageSpec& spec, Day last)
    : by_app_(spec.by_app), by_billing_tag_(spec.by_billing_tag), last_(last) {
  constexpr std::array<std::string_view, org_name> names = {
      "realmId",   "category",    "featureId",     "billingSubscriptionId",
      "name",      "valueDriver", "billableValue", "billingChargeNumber",
      "usageValue"};
  for (std::size_t column = 0; column < names.size(); ++column) {
    has_.at(column) = spec.fields.empty() || std::ranges::find(spec.fields, names.at(column)) != spec.fields.end();
  }
  has_[charge_number] = has_[charge_number] && spec.with_extra_columns;
  has_[usage_value] = has_[usage_value] && spec.with_extra_columns;
  has_[org_name] = spec.with_org_name;
  set_subscription("");
}

std::string BilledCsv::header() const {
  std::string out = "\"Date and time (usageDateTime)\"";
  const auto add = [&](std::string_view title) { append_cell(out, title); };
  if (has(realm)) add("Org ID (realmId)");
  if (has(category)) add("Category (category)");
  add("App ID (appId)");
  add("App Name (appName)");
  add("App Hrn (appHrn)");
  if (has(feature_id)) add("Item (featureId)");
  if (has(subscription)) add("Subscription ID (billingSubscriptionId)");
  if (has(name)) add("Item description (name)");
  if (has(value_driver)) add("Unit (valueDriver)");
  add("Project ID (projectHrn)");
  add("Billing tag (billingTag)");
  if (has(billable_value)) add("Usage Amount (billableValue)");
  if (has(charge_number)) add("Charge Number (billingChargeNumber)");
  if (has(usage_value)) add("Usage Amount (usageValue)");
  if (has(org_name)) add("Org Name (orgName)");
  return out + '\n';
}

const BilledCsv::OrgText& BilledCsv::org_text(const Org& org) {
  if (last_org_ == &org) return *last_org_text_;
  const auto [found, is_new] = orgs_.try_emplace(&org);
  if (is_new) {
    if (has(realm)) append_cell(found->second.realm, realm_of(org));
    if (has(org_name)) append_cell(found->second.name, org.name_on(last_));
  }
  last_org_ = &org;
  last_org_text_ = &found->second;
  return found->second;
}

const BilledCsv::ItemText& BilledCsv::item_text(const ChargeItem& item) {
  if (last_item_ == &item) return *last_item_text_;
  const auto [found, is_new] = items_.try_emplace(&item);
  ItemText& text = found->second;
  if (is_new) {
    if (has(category)) append_cell(text.category, item.category);
    if (has(feature_id)) append_cell(text.feature_id, item.feature_id);
    if (has(name)) append_cell(text.name_and_unit, item.name);
    if (has(value_driver)) append_cell(text.name_and_unit, item.unit);
  }
  last_item_ = &item;
  last_item_text_ = &text;
  return text;
}

/// Windows begin at whole hours, so that seconds tell them whole.
void BilledCsv::set_start(const std::optional<Instant>& start) {
  if (start == start_) return;
  start_ = start;
  start_text_ = "\"";
  if (start) {
    start_text_ += format_seconds_z(*start);
    start_text_.pop_back();  // the Z
  }
  start_text_ += '"';
}

void BilledCsv::set_subscription(std::string_view id) {
  if (!has(subscription) || (id == subscription_ && !subscription_text_.empty())) return;
  subscription_ = id;
  subscription_text_.clear();
  append_cell(subscription_text_, id);
}

void BilledCsv::append(std::string& out, const queries::BilledRow& row) {
  const OrgText& org = org_text(*row.org);
  const ItemText& item = item_text(*row.item);
  set_start(row.start);
  set_subscription(row.subscription);
  out += start_text_;
  out += org.realm;
  out += item.category;
  append_cell(out, by_app_ ? row.app_id : std::string_view());
  append_cell(out, row.app_name);
  append_cell(out, row.app_hrn);
  out += item.feature_id;
  out += subscription_text_;
  out += item.name_and_unit;
  append_cell(out, row.project);
  append_cell(out, by_billing_tag_ && row.billing_tag.empty() ? no_billing_tag : row.billing_tag);
  if (has(billable_value)) append_value(out, row.billable);
  if (has(charge_number)) append_cell(out, row.charge_number);
  if (has(usage_value)) append_value(out, row.quantity);
  out += org.name;
  out += '\n';
  quantity_ += row.quantity;
  billable_ += row.billable;
  ++rows_;
}

}  // namespace meterport::exports
