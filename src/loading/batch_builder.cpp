#include "loading/batch_builder.h"

#include <fmt/format.h>

#include <algorithm>

namespace meterport::loading {

using warehouse::Dimension;
using warehouse::Fact;

void BatchBuilder::clear() {
  batch_.words.clear();
  batch_.facts.clear();
  records_ = 0;
  word_bytes_ = 0;
}

void BatchBuilder::code(Fact& fact, Dimension dimension, std::string_view text) {
  if (text.empty()) return;
  bool is_new = false;
  const warehouse::Code code = dictionaries_.add(dimension, text, is_new);
  fact.codes[static_cast<std::size_t>(dimension)] = code;
  if (!is_new) return;
  batch_.words.push_back({dimension, code, std::string(text)});
  word_bytes_ += text.size() + sizeof(warehouse::NewWord);
}

void BatchBuilder::add_fact(ledger::Position position, const UsageRecord& usage) {
  Fact& fact = batch_.facts.emplace_back();
  fact.position = position;
  fact.time_us = usage.time.us;
  fact.whole = usage.quantity.whole();
  fact.fraction_1e18 = usage.quantity.fraction();
  fact.line = static_cast<std::int32_t>(std::clamp<std::int64_t>(usage.line.value_or(0), INT32_MIN, INT32_MAX));
  code(fact, Dimension::org, usage.org);
  code(fact, Dimension::meter, usage.meter);
  code(fact, Dimension::project, usage.project);
  code(fact, Dimension::folder, usage.folder);
  code(fact, Dimension::asset_name, usage.asset.name);
  code(fact, Dimension::asset_type, usage.asset.type);
  code(fact, Dimension::environment_id, usage.environment.id);
  code(fact, Dimension::environment_name, usage.environment.name);
  code(fact, Dimension::environment_type, usage.environment.type);
  code(fact, Dimension::subscription, usage.subscription);
  code(fact, Dimension::app_id, usage.app.id);
  code(fact, Dimension::app_name, usage.app.name);
  code(fact, Dimension::app_hrn, usage.app.hrn);
  code(fact, Dimension::billing_tag, usage.billing_tag);
  code(fact, Dimension::channel, usage.channel);
  code(fact, Dimension::category, usage.category);
}

Status BatchBuilder::add(const ledger::StoredRecord& record) {
  // An erased record has no content left to load; kinds without a quantity have none to sum.
  const bool has_quantity = record.kind == ledger::RecordKind::usage || record.kind == ledger::RecordKind::reversal;
  if (has_quantity && !record.erased) {
    auto decoded = ledger::decode_usage(record.payload);
    if (!decoded) {
      return fail(ErrorKind::internal, "a record of the ledger cannot be read",
                  fmt::format("position {}: {} {}", record.position, decoded.error().text, decoded.error().detail));
    }
    // What is taken back may be an event: it has no meter.
    if (!decoded->meter.empty()) add_fact(record.position, *decoded);
  }
  batch_.loaded_position = record.position;
  ++records_;
  return {};
}

}  // namespace meterport::loading
