// From the ways a usage addresses a line to the one line they mean (netsuite.md 3; C8 to C10). Every look-up sees the
// account's own subscriptions only (C34). Pure over a snapshot.
#pragma once

#include <expected>

#include "catalog/snapshot.h"
#include "dialects/netsuite/given_usage.h"

namespace meterport::netsuite {

struct AddressedLine {
  const Subscription* subscription = nullptr;
  const SubscriptionLine* line = nullptr;
};

/// The checks "field ids" (of look-ups), "resolve", "agreement" and "line number" of section 5.
std::expected<AddressedLine, ItemError> find_addressed_line(const catalog::Snapshot& catalogue,
                                                            std::string_view account, const GivenUsage& usage);

}  // namespace meterport::netsuite
