#include "model/usage_record.h"

#include <algorithm>

#include "model/enum_names.h"

namespace meterport {
namespace {

// crosswalk 3.3 and 5; the order is that of the enumeration
constexpr names::Table<27> codes = {
    "malformed_record",
    "missing_field",
    "empty_field",
    "bad_format",
    "unknown_org",
    "unknown_meter",
    "out_of_scope",
    "wrong_region",
    "unknown_subscription",
    "unknown_line",
    "ambiguous",
    "mismatch",
    "unknown_field",
    "outside_term",
    "line_unusable",
    "meter_takes_no_usage",
    "quantity_out_of_range",
    "quantity_not_exact",
    "text_too_long",
    "time_out_of_range",
    "no_quantity",
    "no_billing_account",
    "no_sku",
    "id_taken",
    "cell_count",
    "bad_encoding",
    "internal",
};
static_assert(names::covers(codes, RecordErrorCode::internal));

}  // namespace

std::string_view to_string(RecordErrorCode code) {
  return names::name_of(codes, code);
}

bool is_reserved_source(std::string_view source) {
  return source == "netsuite" || source.starts_with("openmeter:");
}

void TextArena::add_block(std::size_t size_min) {
  const std::size_t size = std::max(size_min, block_bytes_);
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
  next_ = blocks_.back().get();
  left_ = size;
  // Doubling keeps the number of blocks small for large batches and the waste small for single records.
  block_bytes_ = std::min<std::size_t>(block_bytes_ * 2, std::size_t{1} << 20);
}

std::string_view TextArena::keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = allocate(text.size());
  std::copy(text.begin(), text.end(), copy);
  return {copy, text.size()};
}

}  // namespace meterport
