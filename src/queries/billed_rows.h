// Private to queries: the rows of one slice of billed usage, added up and put in order. One thread.
//
// Parts are held as fixed-width codes; ranks of their texts take the codes' place when all are there. Memory is bounded
// by the rows and one piece of parts.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "queries/billed_plan.h"
#include "queries/text_order.h"

namespace meterport::queries {

/// Projects as printed, which differs by org; two that print the same are one.
class PrintedProjects {
 public:
  explicit PrintedProjects(const BilledWork& work) : work_(work) {}
  /// A number for the printed text; 0: none.
  std::uint32_t number_of(std::uint32_t org, warehouse::Code project);
  /// After the last number_of(): byte order, none first.
  void rank();
  [[nodiscard]] std::uint32_t rank_of(std::uint32_t number) const { return ranks_[number]; }
  [[nodiscard]] std::string_view text(std::uint32_t number) const { return texts_[number]; }

 private:
  const BilledWork& work_;
  std::unordered_map<std::uint64_t, std::uint32_t> numbers_by_code_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::deque<std::string_view> texts_{std::string_view()};
  std::vector<std::uint32_t> ranks_;
};

class BilledRows {
 public:
  /// `work` outlives this.
  explicit BilledRows(const BilledWork& work);
  /// A part of the row that the account, time and codes fall into.
  void add(const Account& account, Instant time, const BilledCodes& codes, const Total& quantity,
           const Total& billable);
  /// Between pieces: adds up what has become much.
  void compact();
  /// In order, without those the charge type leaves out; once.
  Status read(const std::function<Status(const BilledRow&)>& each);

 private:
  struct Part {
    const Account* account = nullptr;
    std::uint32_t window = 0;  ///< after the period's first
    warehouse::Code app_id = 0, app_name = 0, app_hrn = 0;
    std::uint32_t project = 0;
    warehouse::Code billing_tag = 0;
    Total quantity, billable;
  };
  /// Six numbers of 32 bits in the order of rows, and where the part stands.
  struct Key {
    std::uint64_t group_window, app_project, tag_org;
    std::uint32_t place;
    [[nodiscard]] bool same_row(const Key& other) const {
      return group_window == other.group_window && app_project == other.app_project && tag_org == other.tag_org;
    }
  };

  /// With these numbers for codes.
  template <class AppNumber, class ProjectNumber, class TagNumber>
  std::vector<Key> sorted_keys(AppNumber app, ProjectNumber project, TagNumber tag) const;
  template <class Each>
  Status each_merged(const std::vector<Key>& keys, Each each) const;
  /// The parts of keys [first, end) as one.
  [[nodiscard]] Part merged(const std::vector<Key>& keys, std::size_t first, std::size_t end) const;
  [[nodiscard]] warehouse::Code first_text(warehouse::Dimension dimension, warehouse::Code a, warehouse::Code b) const;
  [[nodiscard]] BilledRow row_of(const Part& part) const;
  [[nodiscard]] bool is_wanted(const Part& part) const;

  const BilledWork& work_;
  const std::int64_t first_window_;
  const bool shows_app_;
  std::vector<Part> parts_;
  std::size_t compact_at_;
  TextOrder apps_, tags_;
  PrintedProjects projects_;
  const warehouse::Code no_tag_;  ///< of a tag that reads like none; 0: there is no such tag
};

}  // namespace meterport::queries
