// Private to queries: which records an answer of billed usage shows, in dictionary codes. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "loading/dictionaries.h"
#include "model/billed_usage.h"
#include "model/charge_item.h"
#include "model/organization.h"

namespace meterport::queries {

/// The codes of a record's dimensions that billed usage knows; 0 where not read.
struct BilledCodes {
  warehouse::Code subscription = 0, app_id = 0, app_name = 0, app_hrn = 0, project = 0, billing_tag = 0;
};

/// The dimensions that must be read for it, subscription first.
class BilledDims {
 public:
  explicit BilledDims(const BilledUsageSpec& spec);
  [[nodiscard]] const std::vector<warehouse::Dimension>& list() const { return list_; }
  /// `codes` follows list().
  [[nodiscard]] BilledCodes from(const std::vector<warehouse::Code>& codes) const;

 private:
  std::vector<warehouse::Dimension> list_;
  std::vector<warehouse::Code BilledCodes::*> members_;
};

class BilledFilter {
 public:
  /// A record's org is known by its place in `orgs`.
  BilledFilter(const BilledUsageSpec& spec, const loading::Dictionaries& words, const std::vector<const Org*>& orgs);
  /// False: no record can match.
  [[nodiscard]] bool can_match() const { return can_match_; }
  [[nodiscard]] bool matches(const ChargeItem& item) const;
  [[nodiscard]] bool matches(std::uint32_t org, const BilledCodes& codes) const {
    return (app_ == 0 || codes.app_id == app_) && (billing_tag_ == 0 || codes.billing_tag == billing_tag_) &&
           matches_project(org, codes.project);
  }
  [[nodiscard]] bool has_project() const { return !projects_.empty(); }
  /// The project filter compares printed texts, which differ by org.
  [[nodiscard]] bool matches_project(std::uint32_t org, warehouse::Code project) const {
    return projects_.empty() || (project != 0 && (project == projects_[org][0] || project == projects_[org][1]));
  }
  /// What the store can judge: subscription, app, billing tag, and the projects of all orgs together.
  [[nodiscard]] const std::vector<warehouse::CodeFilter>& only() const { return only_; }

 private:
  void set_project(const std::string& printed, const loading::Dictionaries& words, const std::vector<const Org*>& orgs);

  bool can_match_ = true;
  std::string feature_id_, category_;
  warehouse::Code app_ = 0, billing_tag_ = 0;
  std::vector<std::array<warehouse::Code, 2>> projects_;  ///< per org; empty: no filter
  std::vector<warehouse::CodeFilter> only_;
};

}  // namespace meterport::queries
