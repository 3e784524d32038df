// /v1/subscriptions. An id is unique in its owner account only: ?org= says which account is meant, left out the
// caller's own. Who may not know the owner sees nothing of its subscriptions.
#include <fmt/format.h>

#include "dialects/meterport/catalog_edit.h"
#include "dialects/meterport/context.h"
#include "dialects/meterport/listing.h"

namespace meterport::api {
namespace {

constexpr std::string_view array = "subscriptions";

Result<const Subscription*> find_subscription(const catalog::Snapshot& catalogue, const Call& call) {
  const std::string given = call.query("org");
  const std::string& owner = given.empty() ? call.principal.org : given;
  const Subscription* found = catalogue.subscription(owner, call.path_value("id"));
  if (found != nullptr && catalogue.may_know(call.principal, owner)) return found;
  return fail(ErrorKind::not_found, "there is no such subscription");
}

http::Response subscription_response(Context& context, int status, const Subscription& changed) {
  const auto now = context.services.catalog.current();
  return http::Response::json(status, catalog::subscription_to_json(*now->subscription(changed.org, changed.id)));
}

}  // namespace

Answer list_subscriptions(Context& context, const Call& call) {
  const auto page_size = page_size_of(call, catalogue_page_size);
  if (!page_size) return fail(page_size);
  const auto catalogue = context.services.catalog.current();
  const std::string after = call.query("page_token"), org = call.query("org");
  if (auto known = check_org_filter(*catalogue, call.principal, org); !known) return fail(std::move(known));
  Page page(array, *page_size);
  for (const Subscription* subscription : catalogue->subscriptions()) {
    if (!org.empty() && subscription->org != org) continue;
    if (!is_after(after, subscription->id, subscription->org)) continue;
    if (!catalogue->may_know(call.principal, subscription->org)) continue;
    if (!page.has_room()) break;
    page.add(catalog::subscription_to_json(*subscription), owned_token(subscription->id, subscription->org));
  }
  return page.response();
}

Answer get_subscription(Context& context, const Call& call) {
  const auto catalogue = context.services.catalog.current();
  const auto subscription = find_subscription(*catalogue, call);
  if (!subscription) return fail(subscription);
  return http::Response::json(200, catalog::subscription_to_json(**subscription));
}

Answer post_subscription(Context& context, const Call& call) {
  const auto body = parse_object(call.request);
  if (!body) return fail(body);
  const auto file = parse_one(array, *body);
  if (!file) return fail(file);
  const std::lock_guard lock(context.catalogue_edits);
  const Subscription& fresh = file->subscriptions.front();
  const auto catalogue = context.services.catalog.current();
  if (catalogue->subscription(fresh.org, fresh.id) != nullptr && catalogue->may_know(call.principal, fresh.org)) {
    return fail(ErrorKind::conflict, fmt::format("/id: \"{}\" is taken", fresh.id), {}, "/id");
  }
  if (auto summary = apply_one(context, call.principal, array, *file); !summary) return fail(std::move(summary));
  auto response = subscription_response(context, 201, fresh);
  response.with_header("Location", fmt::format("/v1/subscriptions/{}?org={}", fresh.id, fresh.org));
  return response;
}

Answer patch_subscription(Context& context, const Call& call) {
  const auto patch = parse_object(call.request);
  if (!patch) return fail(patch);
  const std::lock_guard lock(context.catalogue_edits);
  const auto catalogue = context.services.catalog.current();
  const auto subscription = find_subscription(*catalogue, call);
  if (!subscription) return fail(subscription);
  if (auto same = check_same_id(*patch, (*subscription)->id); !same) return fail(std::move(same));
  if (auto same = check_same_owner(*patch, (*subscription)->org, "subscription"); !same) return fail(std::move(same));
  auto changed = catalog::parse_json(catalog::subscription_to_json(**subscription));
  if (!changed) return fail(changed);
  merge_patch(*changed, *patch);
  const auto file = parse_one(array, *changed);
  if (!file) return fail(file);
  if (auto summary = apply_one(context, call.principal, array, *file); !summary) return fail(std::move(summary));
  return subscription_response(context, 200, file->subscriptions.front());
}

}  // namespace meterport::api
