// Private to regions: values inside JSON messages. Readers refuse through the reader's check and give a default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/decimal.h"
#include "base/instant.h"
#include "base/json_writer.h"
#include "catalog/object_reader.h"

namespace meterport::regions {

void write_period(JsonWriter& out, std::string_view name, const Period& period);

Instant read_instant(catalog::ObjectReader& reader, std::string_view name);
/// {"from","to"}
Period read_period(catalog::ObjectReader& reader, std::string_view name);
/// A whole number of up to 64 bits.
std::uint64_t read_position(catalog::ObjectReader& reader, std::string_view name);

/// Plain notation of up to 38 integer digits and 18 decimals; none: anything else.
std::optional<Total> parse_total(std::string_view text);

}  // namespace meterport::regions
