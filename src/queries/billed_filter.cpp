#include "queries/billed_filter.h"

#include <algorithm>

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;

namespace {

/// Without blanks, ASCII letters lower.
std::string as_compared(std::string_view category) {
  std::string text = without_blanks(category);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

BilledDims::BilledDims(const BilledUsageSpec& spec) {
  const auto read = [&](Dimension dimension, Code BilledCodes::* member) {
    list_.push_back(dimension);
    members_.push_back(member);
  };
  read(Dimension::subscription, &BilledCodes::subscription);
  if (spec.by_app || !spec.app.empty()) {
    read(Dimension::app_id, &BilledCodes::app_id);
    read(Dimension::app_name, &BilledCodes::app_name);
    read(Dimension::app_hrn, &BilledCodes::app_hrn);
  }
  if (spec.by_project || !spec.project.empty()) read(Dimension::project, &BilledCodes::project);
  if (spec.by_billing_tag || !spec.billing_tag.empty()) read(Dimension::billing_tag, &BilledCodes::billing_tag);
}

BilledCodes BilledDims::from(const std::vector<Code>& codes) const {
  BilledCodes out;
  for (std::size_t i = 0; i < members_.size(); ++i) out.*members_[i] = codes[i];
  return out;
}

BilledFilter::BilledFilter(const BilledUsageSpec& spec, const loading::Dictionaries& words,
                           const std::vector<const Org*>& orgs)
    : feature_id_(spec.feature_id), category_(as_compared(spec.category)) {
  const auto one = [&](Dimension dimension, const std::string& text) {
    if (text.empty()) return Code{0};
    const Code code = words.find(dimension, text);
    if (code == 0) can_match_ = false;
    if (code != 0) only_.push_back({.dimension = dimension, .codes = {code}});
    return code;
  };
  app_ = one(Dimension::app_id, spec.app);
  billing_tag_ = one(Dimension::billing_tag, spec.billing_tag);
  if (!spec.project.empty()) set_project(spec.project, words, orgs);
  if (spec.subscriptions.empty()) return;
  std::vector<Code> codes;
  for (const std::string& id : spec.subscriptions) {
    if (const Code code = words.find(Dimension::subscription, id)) codes.push_back(code);
  }
  if (codes.empty()) {
    can_match_ = false;
  } else {
    only_.push_back({.dimension = Dimension::subscription, .codes = std::move(codes)});
  }
}

void BilledFilter::set_project(const std::string& printed, const loading::Dictionaries& words,
                               const std::vector<const Org*>& orgs) {
  // A record holds the text as it is printed, or what is printed after the realm.
  const Code whole = printed.starts_with("hrn:") ? words.find(Dimension::project, printed) : 0;
  std::vector<Code> any;
  for (const Org* org : orgs) {
    const std::string prefix = project_hrn(realm_of(*org), "x");
    const std::string_view before_name = std::string_view(prefix).substr(0, prefix.size() - 1);
    Code name = 0;
    if (printed.starts_with(before_name)) {
      const std::string_view rest = std::string_view(printed).substr(before_name.size());
      if (project_hrn(realm_of(*org), rest) == printed) name = words.find(Dimension::project, rest);
    }
    projects_.push_back({whole, name});
    if (whole != 0) any.push_back(whole);
    if (name != 0) any.push_back(name);
  }
  if (any.empty()) {
    can_match_ = false;
  } else {
    only_.push_back({.dimension = Dimension::project, .codes = std::move(any)});
  }
}

bool BilledFilter::matches(const ChargeItem& item) const {
  return (feature_id_.empty() || item.feature_id == feature_id_) &&
         (category_.empty() || as_compared(item.category) == category_);
}

}  // namespace meterport::queries
