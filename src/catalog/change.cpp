#include "catalog/change.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"

namespace meterport::catalog {
namespace {

constexpr std::string_view kind_org = "org", kind_meter = "meter", kind_subscription = "subscription",
                           kind_region = "region";

/// Reads an object from the JSON it was printed as: objects made by a program get the checks of a file's.
template <class Object>
Result<Object> normal_form(const std::string& json, const std::string& pointer,
                           Object (*read)(FormCheck&, const JsonValue&, const std::string&)) {
  const auto tree = parse_json(json);
  if (!tree)
    return fail(ErrorKind::invalid, fmt::format("{}: {}", pointer, tree.error().text), tree.error().detail, pointer);
  FormCheck check;
  Object object = read(check, *tree, pointer);
  if (check.first) return std::unexpected(std::move(*check.first));
  return object;
}

class Planner {
 public:
  Planner(const PlanContext& context, const CatalogueFile& file) : context_(context), file_(file) {
    plan_.after = context.before;
  }

  Result<Plan> run() {
    if (auto fine = read_regions(); !fine) return fail(std::move(fine));
    if (auto fine = read_orgs(); !fine) return fail(std::move(fine));
    if (auto fine = read_meters(); !fine) return fail(std::move(fine));
    if (auto fine = read_subscriptions(); !fine) return fail(std::move(fine));
    if (auto may = authorize(context_, plan_.after, places_); !may) return fail(std::move(may));
    if (auto fine = check_rules(plan_.after, places_, context_.today, context_.own_region); !fine) {
      return fail(std::move(fine));
    }
    if (auto fine = check_homes(context_, plan_.after, plan_.changes, places_); !fine) return fail(std::move(fine));
    if (auto fine = check_fixed_org_fields(); !fine) return fail(std::move(fine));
    if (auto fine = check_fixed_meter_fields(); !fine) return fail(std::move(fine));
    return std::move(plan_);
  }

 private:
  static std::unexpected<Error> twice(const std::string& pointer) {
    return broken(pointer, "stands twice in this file");
  }

  void changed(ObjectChange change, std::size_t& counter) {
    ++counter;
    plan_.changes.push_back(std::move(change));
  }

  Status read_regions() {
    for (std::size_t i = 0; i < file_.regions_json.size(); ++i) {
      const std::string pointer = fmt::format("/regions/{}", i);
      auto region = normal_form(file_.regions_json[i], pointer, &read_region);
      if (!region) return fail(std::move(region));
      if (!places_.regions.try_emplace(region->region.name, i).second) return twice(pointer + "/name");
      const auto old = context_.before.regions.find(region->region.name);
      if (old == context_.before.regions.end() || old->second->json != region->json) {
        changed({ledger::RecordKind::catalogue_change, std::string(kind_region), "", region->region.name, region->json},
                plan_.summary.regions);
      }
      plan_.after.put(std::move(*region));
    }
    return {};
  }

  Status read_orgs() {
    for (std::size_t i = 0; i < file_.orgs.size(); ++i) {
      const std::string pointer = fmt::format("/orgs/{}", i);
      Org given = file_.orgs[i];
      if (given.environment.empty()) given.environment = default_environment(given.kind);
      if (given.usage_fields.empty()) given.usage_fields = default_usage_fields();
      if (given.id.empty()) {
        given.id = make_id22(context_.random);
        plan_.summary.notices.push_back(fmt::format("{}: \"{}\" got the id {}", pointer, given.name, given.id));
      }
      auto org = normal_form(org_to_json(given), pointer, &read_org);
      if (!org) return fail(std::move(org));
      if (!places_.orgs.try_emplace(org->id, i).second) return twice(pointer + "/id");
      plan_.summary.org_ids.push_back(org->id);
      std::string body = org_to_json(*org);
      const Org* old = context_.before.org(org->id);
      if (old == nullptr || org_to_json(*old) != body) {
        changed({ledger::RecordKind::org_change, std::string(kind_org), "", org->id, std::move(body)},
                plan_.summary.orgs);
      }
      plan_.after.put(std::move(*org));
    }
    return {};
  }

  /// Rates of orgs that the caller may not know were left out of his export; his import must not drop them.
  void keep_hidden_rates(Meter& meter, const Meter& old) const {
    for (const Rate& rate : old.rates) {
      if (rate.org.empty() || context_.now.may_know(context_.principal, rate.org)) continue;
      if (std::ranges::find(meter.rates, rate.org, &Rate::org) == meter.rates.end()) meter.rates.push_back(rate);
    }
  }

  Status read_meters() {
    for (std::size_t i = 0; i < file_.meters.size(); ++i) {
      const std::string pointer = fmt::format("/meters/{}", i);
      Meter given = file_.meters[i];
      const OwnedId key{given.id, given.org};
      const auto old = context_.before.meters.find(key);
      if (old != context_.before.meters.end()) keep_hidden_rates(given, *old->second);
      auto meter = normal_form(meter_to_json(given), pointer, &read_meter);
      if (!meter) return fail(std::move(meter));
      if (!places_.meters.try_emplace(key, i).second) return twice(pointer + "/id");
      std::string body = meter_to_json(*meter);
      if (old == context_.before.meters.end() || meter_to_json(*old->second) != body) {
        changed({ledger::RecordKind::catalogue_change, std::string(kind_meter), key.owner, key.id, std::move(body)},
                plan_.summary.meters);
      }
      plan_.after.put(std::move(*meter));
    }
    return {};
  }

  Status read_subscriptions() {
    for (std::size_t i = 0; i < file_.subscriptions.size(); ++i) {
      const std::string pointer = fmt::format("/subscriptions/{}", i);
      auto subscription = normal_form(subscription_to_json(file_.subscriptions[i]), pointer, &read_subscription);
      if (!subscription) return fail(std::move(subscription));
      const OwnedId key{subscription->id, subscription->org};
      if (!places_.subscriptions.try_emplace(key, i).second) return twice(pointer + "/id");
      std::string body = subscription_to_json(*subscription);
      const Subscription* old = context_.before.subscription(key.owner, key.id);
      if (old == nullptr || subscription_to_json(*old) != body) {
        changed(
            {ledger::RecordKind::catalogue_change, std::string(kind_subscription), key.owner, key.id, std::move(body)},
            plan_.summary.subscriptions);
      }
      plan_.after.put(std::move(*subscription));
    }
    return {};
  }

  /// crosswalk 2.1 "not versioned".
  Status check_fixed_org_fields() const {
    for (const auto& [id, index] : places_.orgs) {
      const Org* old = context_.before.org(id);
      if (old == nullptr) continue;
      const Org& org = *plan_.after.org(id);
      if (org.kind != old->kind) return fixed(places_.org(id, "kind"), to_string(old->kind));
      const std::string_view region = context_.before.region_of(*old, context_.today);
      if (plan_.after.region_of(org, context_.today) != region) return fixed(places_.org(id, "region"), region);
      if (!old->informatica_id.empty() && org.informatica_id != old->informatica_id) {
        return fixed(places_.org(id, "ids/informatica"), old->informatica_id);
      }
      if (!old->netsuite_account.empty() && org.netsuite_account != old->netsuite_account) {
        return fixed(places_.org(id, "ids/netsuite_account"), old->netsuite_account);
      }
      if (!old->here_realm.empty() && org.here_realm != old->here_realm) {
        return fixed(places_.org(id, "ids/here_realm"), old->here_realm);
      }
    }
    return {};
  }
  static std::unexpected<Error> fixed(const std::string& pointer, std::string_view old) {
    return broken(pointer, fmt::format("cannot change, it is \"{}\"", old));
  }

  Status check_fixed_meter_fields() const {
    if (!context_.has_usage) return {};
    for (const auto& [key, index] : places_.meters) {
      const auto old = context_.before.meters.find(key);
      if (old == context_.before.meters.end()) continue;
      const Meter& before = *old->second;
      const Meter& after = *plan_.after.meters.at(key);
      std::string_view member;
      if (after.unit != before.unit) member = "unit";
      if (after.scalar_or_unit() != before.scalar_or_unit()) member = "scalar";
      if (after.divisor != before.divisor) member = "divisor";
      if (after.category != before.category) member = "category";
      if (!member.empty() && context_.has_usage(key.owner, key.id)) {
        return broken(places_.meter(key, member), "cannot change once the meter has usage: make a new meter");
      }
    }
    return {};
  }

  const PlanContext& context_;
  const CatalogueFile& file_;
  Places places_;
  Plan plan_;
};

}  // namespace

std::string payload_of(const ObjectChange& change) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("kind", change.kind).key("object").raw(change.body).end_object();
  return text;
}

Status put_recorded(State& state, const std::string& kind, std::string_view body, std::uint64_t position) {
  const auto tree = parse_json(body);
  FormCheck check;
  check.is_replay = true;
  if (tree && kind == kind_org) state.put(read_org(check, *tree, ""));
  if (tree && kind == kind_meter) state.put(read_meter(check, *tree, ""));
  if (tree && kind == kind_subscription) state.put(read_subscription(check, *tree, ""));
  if (tree && kind == kind_region) state.put(read_region(check, *tree, ""));
  if (!tree || check.first) {
    return fail(ErrorKind::internal, fmt::format("the catalogue record at position {} cannot be read", position),
                tree ? check.first->text : tree.error().text);
  }
  state.position = std::max(state.position, position);
  return {};
}

Result<Plan> plan_change(const PlanContext& context, const CatalogueFile& file) {
  return Planner(context, file).run();
}

}  // namespace meterport::catalog
