// /v1/catalog: the catalogue file, out and in (crosswalk 2).
#include <fmt/format.h>

#include <utility>

#include "dialects/meterport/context.h"
#include "dialects/meterport/json_text.h"

namespace meterport::api {
namespace {

struct Counts {
  std::uint64_t position = 0;
  std::size_t orgs = 0, meters = 0, subscriptions = 0, regions = 0, users = 0;
  std::vector<std::string> notices;
};

http::Response counts_response(const Counts& counts) {
  std::string body;
  JsonWriter out(body);
  out.begin_object()
      .field("position", counts.position)
      .field("orgs", std::uint64_t{counts.orgs})
      .field("meters", std::uint64_t{counts.meters})
      .field("subscriptions", std::uint64_t{counts.subscriptions})
      .field("regions", std::uint64_t{counts.regions})
      .field("users", std::uint64_t{counts.users});
  out.key("notices").begin_array();
  for (const std::string& notice : counts.notices) out.string(notice);
  out.end_array().end_object();
  return http::Response::json(200, std::move(body));
}

/// What the file names, when nothing is applied.
Answer dry_run(Context& context, const Principal& principal, const catalog::CatalogueFile& file) {
  if (auto status = context.services.catalog.check(principal, file); !status) return fail(std::move(status));
  const auto users = catalog::parse_json(file.users_json);
  if (!users) return fail(users);
  return counts_response({.position = context.services.catalog.current()->position(),
                          .orgs = file.orgs.size(),
                          .meters = file.meters.size(),
                          .subscriptions = file.subscriptions.size(),
                          .regions = file.regions_json.size(),
                          .users = users->items.size(),
                          .notices = {"dry run: checked, nothing was changed"}});
}

}  // namespace

Answer get_catalog(Context& context, const Call& call) {
  // Without the role admin there are no users to show, and the rest still is.
  auto users = context.services.identity.export_users(call.principal);
  if (!users && users.error().kind != ErrorKind::forbidden) return fail(std::move(users));
  auto file = context.services.catalog.export_file(call.principal, users ? std::string_view(*users) : "");
  if (!file) return fail(std::move(file));
  return http::Response::json(200, std::move(*file));
}

Answer post_catalog(Context& context, const Call& call) {
  const auto is_dry_run = parse_flag(call.query("dry_run"), "dry_run");
  if (!is_dry_run) return fail(is_dry_run);
  const auto file = catalog::parse_catalogue(call.request.body);
  if (!file) return fail(file);
  // All or nothing: the users are checked before the first object is applied.
  const std::lock_guard lock(context.catalogue_edits);
  identity::Identity& identity = context.services.identity;
  if (auto status = identity.check_users(call.principal, file->users_json, *file); !status) {
    return fail(std::move(status));
  }
  if (*is_dry_run) return dry_run(context, call.principal, *file);
  auto summary = context.services.catalog.apply(call.principal, *file);
  if (!summary) return fail(std::move(summary));
  const auto users = identity.apply_users(call.principal, file->users_json);
  if (!users) return fail(users);
  return counts_response({.position = summary->position,
                          .orgs = summary->orgs,
                          .meters = summary->meters,
                          .subscriptions = summary->subscriptions,
                          .regions = summary->regions,
                          .users = *users,
                          .notices = std::move(summary->notices)});
}

}  // namespace meterport::api
