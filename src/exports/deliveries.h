// What became of the callbacks and mails of exports, for people: the outbox as a principal may see it.
//
// A delivery is visible to whom its job is (Exports::get): what is not his answers like what does not exist. Never
// shown: bodies, secrets, and user and password where a URL holds them. Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "control/store.h"
#include "delivery/delivery.h"
#include "model/principal.h"

namespace meterport::exports {

struct DeliveryListRequest {
  std::string org{};           ///< empty: of all orgs the caller may see
  std::string job{}, state{};  ///< empty: any
  std::size_t page_size = 50;  ///< 1 to 1000
  std::string page_token{};
};
struct DeliveryPage {
  std::vector<delivery::Delivery> deliveries;  ///< newest first
  std::string next_page_token;                 ///< empty: this was the last page
};
struct DeliveryHistory {
  delivery::Delivery delivery;
  std::vector<delivery::Attempt> attempts;  ///< in order
};
/// What a receiver of the org's callbacks verifies their signatures with (delivery/signing.h).
struct DeliveryKeys {
  std::string secret, public_key;
};

class Deliveries {
 public:
  Deliveries(control::Store& control, catalog::Catalog& catalog, delivery::Outbox& outbox)
      : control_(control), catalog_(catalog), outbox_(outbox) {}

  /// invalid: page_size, page_token, state.
  Result<DeliveryPage> list(const Principal& principal, const DeliveryListRequest& request);
  Result<DeliveryHistory> get(const Principal& principal, std::string_view id);
  /// Sends it again, whatever its state, with fresh attempts; gives it as it is then.
  Result<delivery::Delivery> retry(const Principal& principal, std::string_view id);
  /// For admins of the org; forbidden: he knows it, but is none. not_found.
  Result<DeliveryKeys> keys(const Principal& principal, const std::string& org);

 private:
  Result<delivery::Delivery> visible(const Principal& principal, std::string_view id);

  control::Store& control_;
  catalog::Catalog& catalog_;
  delivery::Outbox& outbox_;
};

}  // namespace meterport::exports
