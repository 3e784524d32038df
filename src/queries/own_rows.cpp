#include "queries/own_rows.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include "queries/rater.h"
#include "queries/slice_reader.h"
#include "queries/zero_rows.h"

namespace meterport::queries {
namespace {

class OwnRows {
 public:
  OwnRows(const Sources& sources, const ReportOrgs& orgs, const Slice& slice)
      : sources_(sources),
        orgs_(orgs),
        slice_(slice),
        codes_(sources.words, orgs, slice.org_first, slice.org_end),
        meters_(sources.words, warehouse::Dimension::meter),
        zeros_(sources.catalogue, orgs, slice),
        rater_(sources.catalogue, orgs, meters_) {}

  Status read() {
    if (auto read = read_sums(); !read) return read;
    if (auto found = zeros_.find(sources_, codes_, meters_); !found) return found;
    meters_.rank();
    for (DaySum& sum : sums_) sum.meter = meters_.rank_of(sum.meter);
    std::ranges::sort(sums_, {}, [](const DaySum& sum) { return std::tuple(sum.day_and_org, sum.meter); });
    zeros_.start(meters_);
    return rater_.open(sources_.warehouse, sources_.snapshot, codes_, slice_.first);
  }

  Status each(const std::function<Status(std::uint32_t, const SummaryRow&)>& each) {
    for (const DaySum& sum : sums_) {
      const RowKey key = sum.key();
      for (; !zeros_.is_done() && zeros_.key() <= key; zeros_.next()) {
        if (zeros_.key() == key) continue;
        if (auto taken = hand_out(zeros_.key(), Total(), each); !taken) return taken;
      }
      if (auto taken = hand_out(key, quantities_[sum.place], each); !taken) return taken;
    }
    for (; !zeros_.is_done(); zeros_.next()) {
      if (auto taken = hand_out(zeros_.key(), Total(), each); !taken) return taken;
    }
    return {};
  }

 private:
  /// A key and where its quantity is, in 16 bytes: all of a slice is sorted.
  struct DaySum {
    std::uint64_t day_and_org = 0;
    std::uint32_t meter = 0;  ///< code, later rank
    std::uint32_t place = 0;
    [[nodiscard]] RowKey key() const { return {day_and_org, meter}; }
  };

  Status read_sums() {
    const auto query = query_of(sources_.snapshot, sources_.words, codes_, slice_);
    if (!query) return {};
    return sources_.warehouse.sum(*query, [&](const warehouse::SumRow& row) {
      const RowKey key(row.day.days - slice_.first.days, codes_.rank_of(row.org), row.meter);
      sums_.push_back({key.day_and_org, row.meter, static_cast<std::uint32_t>(quantities_.size())});
      quantities_.push_back(row.quantity);
      meters_.see(row.meter);
    });
  }

  /// Days on which the org is not in the report count for its tiers, too.
  Status hand_out(const RowKey& key, const Total& quantity,
                  const std::function<Status(std::uint32_t, const SummaryRow&)>& each) {
    const ReportOrg& org = orgs_[key.org()];
    const Day day = slice_.first.plus(key.day());
    if (row_.org != org.org || row_.day != day) {
      row_.org = org.org;
      row_.day = day;
      row_.billing_period = billing_period_on(*org.org, day);
      is_on_ = org.is_on(day);
    }
    const auto meter = rater_.meter(key.org(), key.meter, day);
    if (!meter) return fail(meter);
    row_.meter = *meter;
    row_.rated = rater_.rate(key.org(), key.meter, day, quantity);
    return is_on_ ? each(key.org(), row_) : Status();
  }

  const Sources& sources_;
  const ReportOrgs& orgs_;
  const Slice& slice_;
  const OrgCodes codes_;
  TextOrder meters_;
  std::vector<DaySum> sums_;
  std::vector<Total> quantities_;
  ZeroRows zeros_;
  Rater rater_;
  SummaryRow row_;
  bool is_on_ = false;  ///< row_.org on row_.day
};

}  // namespace

Status own_rows(const Sources& sources, const ReportOrgs& orgs, const Slice& slice,
                const std::function<Status(std::uint32_t, const SummaryRow&)>& each) {
  OwnRows rows(sources, orgs, slice);
  if (auto read = rows.read(); !read) return read;
  return rows.each(each);
}

}  // namespace meterport::queries
