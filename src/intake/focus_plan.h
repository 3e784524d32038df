// What a FOCUS file needs from the catalogue (crosswalk 5.1, 5.2): which org and meter each of its rows belongs to, and
// the orgs and meters that are not there yet. Pure planning over a snapshot; nothing is changed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "formats/focus.h"

namespace meterport::intake {

/// Counts texts; the winner is the most frequent, of several the first in byte order.
class Votes {
 public:
  void add(std::string_view text) { ++counts_[text]; }
  /// Empty: there were none.
  [[nodiscard]] std::string_view winner() const;

 private:
  std::map<std::string_view, std::size_t> counts_;
};

/// The id something got, or why it got none.
struct Placed {
  std::string id;
  std::string problem;  ///< empty: it has its id
};

class FocusPlan {
 public:
  /// `top`: the production org the file goes into. Snapshot and file outlive the plan.
  FocusPlan(const catalog::Snapshot& snapshot, const Org& top, Day today);

  /// Fills org and meter of every row that has no error, gives rows without a place their error.
  void place(formats::FocusFile& file);

  std::vector<Org> new_orgs;
  std::vector<Meter> new_meters;
  std::vector<std::string> notices;

 private:
  /// One BillingAccountId, or one SubAccountId under it.
  struct Account {
    std::string_view original, parent_original;
    Votes names;
    bool is_needed = false;
    Placed placed;
  };
  struct Sku {
    std::string_view original;
    Votes names, categories, units;
    std::map<std::string, Placed, std::less<>> by_unit;
    std::string main_unit;
  };

  void count_accounts(const formats::FocusFile& file);
  void place_account(Account& account, const std::string& parent_id, OrgKind kind);
  const Org* find_org(const std::string& parent_id, std::string_view original) const;
  [[nodiscard]] bool is_org_taken(const std::string& id) const;
  void place_orgs(formats::FocusFile& file);
  void place_meters(formats::FocusFile& file);
  [[nodiscard]] const Meter* find_meter(std::string_view original) const;
  const Placed& meter_of(Sku& sku, const std::string& unit);
  Placed make_meter(const Sku& sku, const std::string& original, const std::string& unit);

  const catalog::Snapshot& snapshot_;
  const Org& top_;
  Day today_;
  std::vector<Account> accounts_;  ///< in the file's order; a billing account before its sub-accounts
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> account_index_;  ///< (billing, sub or empty)
  std::set<std::string> org_ids_;
  std::set<std::string, std::less<>> meter_ids_;  ///< of the tenant and everyone's
};

}  // namespace meterport::intake
