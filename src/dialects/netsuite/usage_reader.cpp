#include "dialects/netsuite/usage_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dialects/netsuite/addressing.h"
#include "dialects/netsuite/netsuite.h"
#include "formats/usage_json.h"

namespace meterport::netsuite {
namespace {

using intake::ItemChunk;
using intake::ItemText;
using intake::ReadContext;

/// 9,999,999,999.99999999 (C15).
constexpr Decimal quantity_max = Decimal::from_parts(9'999'999'999, 999'999'990'000'000'000);
/// A usage is a record: no longer than the ledger likes them. No setting, so that a replay comes out the same.
constexpr std::size_t item_bytes_max = 64 * 1024;
constexpr std::string_view quantity_max_text = "9,999,999,999.99999999";

ItemError user_error(RecordErrorCode code, std::string pointer, std::string text) {
  return {code, std::move(pointer), std::move(text)};
}

class UsageReader {
 public:
  explicit UsageReader(const ReadContext& context)
      : context_(context),
        account_(context.catalogue.org(context.operation.org)),
        takes_negative_(context.operation.note == negative_note) {}

  void read(const ItemText& item, RecordBatch& batch) {
    BatchItem& out = batch.items.emplace_back();
    if (auto made = fill(item, out.record, batch.arena); !made) {
      out.record = {};
      out.error = std::move(made.error());
    }
  }

 private:
  using Done = std::expected<void, ItemError>;

  Done fill(const ItemText& item, UsageRecord& record, TextArena& arena) {
    if (account_ == nullptr) {
      return std::unexpected(user_error(RecordErrorCode::unknown_org, "", "The account is no longer there."));
    }
    const auto usage = catalog::parse_json(item.text);
    // The body was checked as a whole. What is left: a name given twice, nesting beyond any use, a number beyond any
    // double, half a surrogate pair.
    if (!usage) return std::unexpected(no_object());
    auto given = read_given_usage(*usage, account_->date_format);
    if (!given) return std::unexpected(std::move(given.error()));
    if (auto known = check_custom_fields(*given); !known) return known;
    const auto found = find_addressed_line(context_.catalogue, account_->id, *given);
    if (!found) return std::unexpected(found.error());
    if (auto fine = check_business(item, *given); !fine) return fine;
    record.subscription = arena.keep(found->subscription->id);
    record.line = found->line->number;
    record.org = arena.keep(found->subscription->org_of(*found->line));
    record.meter = arena.keep(found->line->meter);
    record.time = start_of(*given->date);
    record.quantity = **given->quantity;
    record.source = operation_kind;
    record.id = arena.keep(fmt::format("{}.{}", context_.operation.id, item.index));
    record.memo = arena.keep(given->memo);
    add_properties(*given, record, arena);
    if (auto error = formats::check_limits(record, {})) return std::unexpected(std::move(*error));
    return {};
  }

  Done check_custom_fields(const GivenUsage& given) const {
    for (const GivenField& field : given.custom_fields) {
      if (std::ranges::find(account_->usage_fields, field.field) == account_->usage_fields.end()) {
        return std::unexpected(field_does_not_exist("/customFields/fieldId", field.field));
      }
    }
    return {};
  }

  Done check_business(const ItemText& item, const GivenUsage& given) const {
    if (item.text.size() > item_bytes_max) {
      return std::unexpected(
          user_error(RecordErrorCode::text_too_long, "",
                     fmt::format("The usage has {} bytes; at most {} are allowed.", item.text.size(), item_bytes_max)));
    }
    const auto& quantity = *given.quantity;
    if (!quantity && quantity.error() == DecimalError::not_exact) {
      return std::unexpected(user_error(RecordErrorCode::quantity_not_exact, "/quantity",
                                        "The quantity has more than 18 decimals, so it can't be kept exactly."));
    }
    if (!quantity || *quantity > quantity_max || quantity->scaled() < -quantity_max.scaled()) {
      return std::unexpected(user_error(RecordErrorCode::quantity_out_of_range, "/quantity",
                                        fmt::format("The quantity can't be more than {}.", quantity_max_text)));
    }
    if (quantity->is_negative() && !takes_negative_) {
      return std::unexpected(
          user_error(RecordErrorCode::quantity_out_of_range, "/quantity", "The quantity can't be negative."));
    }
    return {};
  }

  /// One property a field; of a field given twice the last (crosswalk 1.4).
  static void add_properties(const GivenUsage& given, UsageRecord& record, TextArena& arena) {
    for (const GivenField& field : given.custom_fields) {
      const auto known = std::ranges::find(record.properties, std::string_view(field.field), &Property::name);
      const std::string_view json = arena.keep(field.json);
      if (known != record.properties.end()) {
        known->json = json;
      } else {
        record.properties.push_back({arena.keep(field.field), json});
      }
    }
    std::ranges::sort(record.properties, {}, &Property::name);
  }

  const ReadContext& context_;
  const Org* account_;
  bool takes_negative_;
};

}  // namespace

Result<RecordBatch> read_usages(const ReadContext& context, const ItemChunk& chunk) {
  RecordBatch batch;
  batch.items.reserve(chunk.items.size());
  UsageReader reader(context);
  for (const ItemText& item : chunk.items) reader.read(item, batch);
  return batch;
}

}  // namespace meterport::netsuite
