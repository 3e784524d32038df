#include "dialects/netsuite/addressing.h"

#include <optional>
#include <vector>

namespace meterport::netsuite {
namespace {

using Problem = std::optional<ItemError>;
using catalog::Count;

class Finder {
 public:
  Finder(const catalog::Snapshot& catalogue, std::string_view account, const GivenUsage& usage)
      : catalogue_(catalogue), account_(account), usage_(usage) {}

  Problem find() {
    for (const auto step : {&Finder::check_fields, &Finder::find_subscriptions, &Finder::find_line_by_field,
                            &Finder::check_agreement, &Finder::find_line_by_number}) {
      if (Problem problem = (this->*step)()) return problem;
    }
    return std::nullopt;
  }

  AddressedLine found;

 private:
  Problem check_fields() {
    const auto& of_subscription = usage_.subscription_lookup;
    if (of_subscription && !catalogue_.has_subscription_field(account_, of_subscription->field)) {
      return field_does_not_exist("/sbLookup/fieldId", of_subscription->field);
    }
    const auto& of_line = usage_.line_lookup;
    if (of_line && !catalogue_.has_line_field(account_, of_line->field)) {
      return field_does_not_exist("/sbLineLookup/fieldId", of_line->field);
    }
    return std::nullopt;
  }

  Problem find_subscriptions() {
    struct Way {
      std::string_view property, field;
      const std::string* value;
    };
    const auto value_of = [](const std::optional<std::string>& text) { return text ? &*text : nullptr; };
    const auto& lookup = usage_.subscription_lookup;
    for (const Way& way :
         {Way{"subscriptionId", "internalid", value_of(usage_.subscription_id)},
          Way{"subscription", "internalid", value_of(usage_.subscription_alias)},
          Way{"subscriptionName", "name", value_of(usage_.subscription_name)},
          Way{"sbLookup", lookup ? std::string_view(lookup->field) : "", lookup ? &lookup->value : nullptr}}) {
      if (way.value == nullptr) continue;
      const auto result = catalogue_.find_subscription(account_, way.field, *way.value);
      if (result.count == Count::none) return subscription_not_found(way.property);
      if (result.count == Count::several) return several_found("Subscription", way.property);
      subscriptions_.push_back(result.subscription);
    }
    return std::nullopt;
  }

  Problem find_line_by_field() {
    if (!usage_.line_lookup) return std::nullopt;
    const auto result = catalogue_.find_line(account_, usage_.line_lookup->field, usage_.line_lookup->value);
    if (result.count == Count::none) return line_not_found();
    if (result.count == Count::several) return several_found("Subscription Line", "sbLineLookup");
    subscriptions_.push_back(result.subscription);
    found.line = result.line;
    return std::nullopt;
  }

  Problem check_agreement() {
    for (const Subscription* subscription : subscriptions_) {
      if (subscription != subscriptions_.front()) return values_do_not_match("subscription");
    }
    found.subscription = subscriptions_.front();
    const bool agrees = found.line == nullptr || !usage_.line || usage_.line->number == found.line->number;
    return agrees ? Problem() : values_do_not_match("line");
  }

  Problem find_line_by_number() {
    if (found.line != nullptr) return std::nullopt;
    found.line = found.subscription->line(usage_.line->number);
    if (found.line == nullptr) return no_such_line(found.subscription->name, usage_.line->shown);
    return std::nullopt;
  }

  const catalog::Snapshot& catalogue_;
  std::string_view account_;
  const GivenUsage& usage_;
  std::vector<const Subscription*> subscriptions_;
};

}  // namespace

std::expected<AddressedLine, ItemError> find_addressed_line(const catalog::Snapshot& catalogue,
                                                            std::string_view account, const GivenUsage& usage) {
  Finder finder(catalogue, account, usage);
  if (Problem problem = finder.find()) return std::unexpected(std::move(*problem));
  return finder.found;
}

}  // namespace meterport::netsuite
