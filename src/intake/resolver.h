// Who may send usage of what: checks a record's org, meter and source, then the subscription line it names, against the
// catalogue of this moment.
//
// One per submission, not thread-safe. Batches repeat orgs, meters and lines, so what was found is remembered.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "catalog/snapshot.h"
#include "model/principal.h"
#include "model/subscription.h"
#include "model/usage_record.h"

namespace meterport::intake {

class Resolver {
 public:
  /// `default_source` becomes that of records that name none and must live as long as they do. `is_wire`: the reserved
  /// sources are refused. The principal outlives the resolver.
  /// Usage of orgs whose region is not `own_region` is not taken here; it outlives the resolver, too.
  /// `account`: the owner of the subscriptions that records name; empty: the record's org, or the nearest above it.
  Resolver(catalog::SnapshotPtr snapshot, const Principal& principal, std::string_view default_source, Day today,
           bool is_wire, std::string_view own_region, std::string_view account = {});

  /// Gives the record its source and says why it can't be taken. Its texts outlive the resolver.
  std::optional<RecordError> check(UsageRecord& record);

 private:
  enum class Verdict : std::uint8_t { ok, unknown_org, out_of_scope, wrong_region, unknown_meter, made_by_server };
  struct Remembered {
    std::string_view org, meter;
    Verdict verdict = Verdict::ok;
  };

  /// What a record's subscription and line are; null: none.
  struct LineInUse {
    std::string_view org, subscription_id;
    std::int64_t number = 0;
    const Subscription* subscription = nullptr;
    const SubscriptionLine* line = nullptr;
  };

  Verdict verdict_of(std::string_view org, std::string_view meter);
  [[nodiscard]] Verdict look_up(std::string_view org, std::string_view meter) const;
  [[nodiscard]] std::optional<RecordError> check_texts(const UsageRecord& record) const;
  [[nodiscard]] std::optional<RecordError> check_org_and_meter(const UsageRecord& record);
  [[nodiscard]] std::optional<RecordError> check_line(const UsageRecord& record);
  const LineInUse& line_of(const UsageRecord& record);

  catalog::SnapshotPtr snapshot_;
  const Principal& principal_;
  std::string_view default_source_;
  Day today_;
  bool is_wire_;
  std::string_view own_region_;
  std::string_view account_;
  std::array<Remembered, 64> remembered_{};
  std::array<LineInUse, 64> remembered_lines_{};
};

}  // namespace meterport::intake
