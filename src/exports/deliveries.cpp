#include "exports/deliveries.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "exports/job_store.h"
#include "exports/scope.h"

namespace meterport::exports {
namespace {

using delivery::Delivery;

constexpr std::size_t page_size_max = 1000;
constexpr std::array<std::string_view, 4> states = {"pending", "delivered", "failed", "refused"};

std::unexpected<Error> unknown_delivery() {
  return fail(ErrorKind::not_found, "There is no such delivery.");
}

/// User and password are no business of those who see the list.
Delivery shown(Delivery delivery) {
  if (delivery.is_mail) return delivery;
  // As a lenient reader finds the host: after a scheme, if any, and whatever slashes follow it.
  const std::size_t colon = delivery.url.find(':');
  const bool has_scheme = colon < delivery.url.find_first_of("/\\@");
  const std::size_t slashes = has_scheme ? colon + 1 : 0;
  const std::size_t begin = std::min(delivery.url.find_first_not_of("/\\", slashes), delivery.url.size());
  const std::size_t end = std::min(delivery.url.find_first_of("/?#", begin), delivery.url.size());
  const std::size_t at = delivery.url.rfind('@', end);
  if (at != std::string::npos && at >= begin && at < end) delivery.url.replace(begin, at - begin, "***");
  return delivery;
}

/// Judges deliveries by their jobs, each of which is read once.
class Sight {
 public:
  Sight(control::Store& control, const catalog::Snapshot& now, const Principal& principal)
      : jobs_(control), visibility_(now, principal) {}

  [[nodiscard]] std::optional<std::vector<std::string>> orgs() const { return visibility_.orgs(); }

  /// False also where the job is gone; its deliveries then are about to go.
  Result<bool> may_see(const Delivery& delivery) {
    if (const auto known = known_.find(delivery.job_id); known != known_.end()) return known->second;
    const auto stored = jobs_.get(delivery.job_id);
    if (!stored && stored.error().kind != ErrorKind::not_found) return fail(stored);
    return known_[delivery.job_id] = stored && visibility_.may_see(stored->job);
  }

 private:
  JobStore jobs_;
  Visibility visibility_;
  std::map<std::string, bool> known_;
};

Status check_request(const DeliveryListRequest& request) {
  if (request.page_size == 0 || request.page_size > page_size_max) {
    return fail(ErrorKind::invalid, fmt::format("page_size: must be from 1 to {}", page_size_max), {}, "page_size");
  }
  if (!request.state.empty() && std::ranges::find(states, request.state) == states.end()) {
    return fail(ErrorKind::invalid, "state: must be pending, delivered, failed or refused", {}, "state");
  }
  return {};
}

}  // namespace

Result<DeliveryPage> Deliveries::list(const Principal& principal, const DeliveryListRequest& request) {
  if (auto checked = check_request(request); !checked) return fail(std::move(checked));
  if (!request.page_token.empty() && !visible(principal, request.page_token)) {
    return fail(ErrorKind::invalid, "page_token: is none of this list, or too old", {}, "page_token");
  }
  const auto now = catalog_.current();
  Sight sight(control_, *now, principal);
  delivery::PageRequest wanted{.orgs = sight.orgs(),
                               .job_id = request.job,
                               .state = request.state,
                               .after = request.page_token,
                               .count_max = request.page_size + 1};
  if (!request.org.empty()) {
    if (wanted.orgs && std::ranges::find(*wanted.orgs, request.org) == wanted.orgs->end()) return DeliveryPage{};
    wanted.orgs = {request.org};
  }
  DeliveryPage page;
  // Single jobs may be hidden in an org whose jobs are visible, so a page may take several reads.
  for (bool is_end = false; !is_end && page.deliveries.size() <= request.page_size;) {
    auto rows = outbox_.page(wanted);
    if (!rows) return fail(std::move(rows));
    is_end = rows->size() < wanted.count_max;
    for (Delivery& row : *rows) {
      wanted.after = row.id;
      const auto may_see = sight.may_see(row);
      if (!may_see) return fail(may_see);
      if (*may_see) page.deliveries.push_back(shown(std::move(row)));
    }
  }
  if (page.deliveries.size() > request.page_size) {
    page.deliveries.resize(request.page_size);
    page.next_page_token = page.deliveries.back().id;
  }
  return page;
}

Result<Delivery> Deliveries::visible(const Principal& principal, std::string_view id) {
  auto found = outbox_.get(std::string(id));
  if (!found) return found;
  const auto now = catalog_.current();
  const auto may_see = Sight(control_, *now, principal).may_see(*found);
  if (!may_see) return fail(may_see);
  if (!*may_see) return unknown_delivery();
  return shown(std::move(*found));
}

Result<DeliveryHistory> Deliveries::get(const Principal& principal, std::string_view id) {
  auto found = visible(principal, id);
  if (!found) return fail(std::move(found));
  auto attempts = outbox_.attempts_of(found->id);
  if (!attempts) return fail(std::move(attempts));
  return DeliveryHistory{std::move(*found), std::move(*attempts)};
}

Result<Delivery> Deliveries::retry(const Principal& principal, std::string_view id) {
  if (auto seen = visible(principal, id); !seen) return seen;
  if (auto done = outbox_.retry(std::string(id)); !done) return fail(std::move(done));
  return visible(principal, id);
}

Result<DeliveryKeys> Deliveries::keys(const Principal& principal, const std::string& org) {
  const auto now = catalog_.current();
  if (now->org(org) == nullptr || !now->may_know(principal, org)) {
    return fail(ErrorKind::not_found, "org: there is no such organization", {}, "org");
  }
  if (!now->allows(principal, Role::admin, org)) {
    return fail(ErrorKind::forbidden, fmt::format("You are no admin of organization \"{}\".", org));
  }
  return DeliveryKeys{outbox_.keys().secret_of(org), outbox_.keys().public_key_of(org)};
}

}  // namespace meterport::exports
