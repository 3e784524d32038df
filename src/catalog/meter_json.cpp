#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "catalog/catalog.h"
#include "catalog/objects.h"

namespace meterport::catalog {
namespace {

void read_names(ObjectReader& reader, Meter& meter) {
  if (reader.has("name") && reader.has("names")) {
    reader.refuse("name", "give name or names, not both");
    return;
  }
  if (reader.has("name")) {
    meter.names.push_back({std::nullopt, reader.text("name", Need::required)});
    return;
  }
  std::size_t index = 0;
  for (const JsonValue& item : reader.items("names", Need::required)) {
    const std::string pointer = pointer_to(reader.at("names"), index++);
    ObjectReader entry(reader.check(), item, pointer, {"valid_from", "name"});
    DatedName name{entry.day("valid_from", Need::optional), entry.text("name", Need::required)};
    if (std::ranges::find(meter.names, name.valid_from, &DatedName::valid_from) != meter.names.end()) {
      entry.refuse("valid_from", "two names from the same day on");
    }
    meter.names.push_back(std::move(name));
  }
  if (index == 0) reader.refuse("names", "must hold at least one name");
  std::ranges::sort(meter.names, {}, &DatedName::valid_from);
}

auto rate_key(const Rate& rate) {
  return std::tie(rate.org, rate.valid_from, rate.tier_from);
}

/// `divisor`: tiers are counted in the meter's unit, so that they must begin at an exact quantity of it.
Rate read_rate(FormCheck& check, const JsonValue& value, const std::string& pointer, Decimal divisor) {
  ObjectReader reader(check, value, pointer, {"valid_from", "org", "tier_from", "ipu_per_unit"});
  Rate rate;
  rate.valid_from = reader.day("valid_from", Need::optional);
  rate.org = reader.id("org", Need::optional);
  rate.tier_from = reader.decimal("tier_from", Need::optional).value_or(Decimal{});
  rate.ipu_per_unit = reader.decimal("ipu_per_unit", Need::required).value_or(Decimal{});
  if (rate.tier_from.is_negative()) reader.refuse("tier_from", "must not be negative");
  if (!check.is_replay && !Total::exact_product(rate.tier_from, divisor)) {
    reader.refuse("tier_from", "times the meter's divisor must have at most 18 decimals");
  }
  if (rate.ipu_per_unit.is_negative()) reader.refuse("ipu_per_unit", "must not be negative");
  return rate;
}

/// Entries of one org and valid_from are one tier table: the first starts at 0, no two at the same point.
void check_tier_tables(FormCheck& check, const std::vector<Rate>& rates, const std::string& pointer) {
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const bool starts_table =
        i == 0 || rates[i - 1].org != rates[i].org || rates[i - 1].valid_from != rates[i].valid_from;
    const std::string table = fmt::format("the tier table of {} from {}", rates[i].org.empty() ? "all" : rates[i].org,
                                          rates[i].valid_from ? format_day(*rates[i].valid_from) : "always");
    if (starts_table && !rates[i].tier_from.is_zero()) {
      check.refuse(pointer, fmt::format("{} must have a first entry with tier_from 0", table));
    }
    if (!starts_table && rates[i - 1].tier_from == rates[i].tier_from) {
      check.refuse(pointer, fmt::format("{} has two entries with tier_from {}", table, rates[i].tier_from.to_text()));
    }
  }
}

void read_rates(ObjectReader& reader, Meter& meter) {
  std::size_t index = 0;
  for (const JsonValue& item : reader.items("rates", Need::optional)) {
    meter.rates.push_back(read_rate(reader.check(), item, pointer_to(reader.at("rates"), index++), meter.divisor));
  }
  std::ranges::sort(meter.rates, [](const Rate& a, const Rate& b) { return rate_key(a) < rate_key(b); });
  check_tier_tables(reader.check(), meter.rates, reader.at("rates"));
}

/// Only a scalar that is named: one that is the unit itself holds one unit.
Decimal default_divisor(const Meter& meter) {
  return divisor_of_scalar(meter.scalar).value_or(Decimal::from_integer(1));
}

void read_blocks(ObjectReader& reader, Meter& meter) {
  FormCheck& check = reader.check();
  if (const JsonValue* block = reader.object("here")) meter.here = read_here_block(check, *block, reader.at("here"));
  if (const JsonValue* block = reader.object("billing")) {
    meter.billing = read_billing_block(check, *block, reader.at("billing"));
  }
  if (const JsonValue* block = reader.object("openmeter")) {
    meter.openmeter_json = read_openmeter_block(check, *block, reader.at("openmeter"));
  }
}

void write_names(JsonWriter& out, const Meter& meter) {
  out.key("names").begin_array();
  for (const DatedName& name : meter.names) {
    out.begin_object();
    if (name.valid_from) out.field("valid_from", format_day(*name.valid_from));
    out.field("name", name.name).end_object();
  }
  out.end_array();
}

void write_rates(JsonWriter& out, const Meter& meter) {
  if (meter.rates.empty()) return;
  out.key("rates").begin_array();
  for (const Rate& rate : meter.rates) {
    out.begin_object();
    if (rate.valid_from) out.field("valid_from", format_day(*rate.valid_from));
    text_field(out, "org", rate.org);
    out.field("tier_from", rate.tier_from.to_text()).field("ipu_per_unit", rate.ipu_per_unit.to_text()).end_object();
  }
  out.end_array();
}

void write_block(JsonWriter& out, std::string_view name, const std::string& json) {
  if (!json.empty()) out.key(name).raw(json);
}

}  // namespace

Meter read_meter(FormCheck& check, const JsonValue& value, const std::string& pointer) {
  ObjectReader reader(check, value, pointer,
                      {"id", "name", "names", "unit", "scalar", "divisor", "category", "rates", "here", "billing",
                       "openmeter", "org", "aliases"});
  Meter meter;
  meter.id = reader.id("id", Need::required);
  read_names(reader, meter);
  const std::string unit = reader.text("unit", Need::optional);
  if (!unit.empty()) meter.unit = unit;
  meter.scalar = reader.text("scalar", Need::optional);
  meter.divisor = reader.decimal("divisor", Need::optional).value_or(default_divisor(meter));
  if (meter.divisor.is_negative() || meter.divisor.is_zero()) reader.refuse("divisor", "must be more than 0");
  meter.category = reader.text("category", Need::optional);
  read_rates(reader, meter);
  read_blocks(reader, meter);
  meter.org = reader.id("org", Need::optional);
  meter.aliases = reader.texts("aliases", alias_characters_max);
  return meter;
}

std::string meter_to_json(const Meter& meter) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.field("id", meter.id);
  write_names(out, meter);
  if (meter.unit != "1") text_field(out, "unit", meter.unit);
  text_field(out, "scalar", meter.scalar);
  if (meter.divisor != default_divisor(meter)) out.field("divisor", meter.divisor.to_text());
  text_field(out, "category", meter.category);
  write_rates(out, meter);
  if (meter.here) write_here_block(out, *meter.here);
  if (meter.billing) write_billing_block(out, *meter.billing);
  write_block(out, "openmeter", meter.openmeter_json);
  text_field(out, "org", meter.org);
  texts_field(out, "aliases", meter.aliases);
  out.end_object();
  return text;
}

}  // namespace meterport::catalog
