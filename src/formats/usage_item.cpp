#include "formats/usage_item.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "formats/usage_checks.h"
#include "formats/usage_fields.h"

namespace meterport::formats {
namespace {

/// "/run/start" -> "run.start"
std::string field_name(std::string_view pointer) {
  std::string name(pointer.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

}  // namespace

void UsageItemReader::refuse(RecordErrorCode code, std::string pointer, std::string text) {
  if (!item_->error) item_->error = RecordError{code, std::move(pointer), std::move(text)};
}

bool UsageItemReader::refuse_type(const char* pointer, Value& value, JsonType type, std::string_view wanted) {
  refuse(RecordErrorCode::bad_format, pointer,
         fmt::format("{}: is {}; {} is required", field_name(pointer), name_of(type), wanted));
  return walk_.skip(value);
}

bool UsageItemReader::refuse_unknown(std::string_view parent, std::string_view name, Value& value) {
  refuse(RecordErrorCode::unknown_field, fmt::format("{}/{}", parent, pointer_part(name)),
         fmt::format("{}: there is no such field{}{}; other data belongs into properties", shown(name),
                     parent.empty() ? "" : " in ", parent.empty() ? "" : field_name(parent)));
  return walk_.skip(value);
}

void UsageItemReader::refuse_duplicate(std::string_view parent, std::string_view name) {
  refuse(RecordErrorCode::malformed_record, fmt::format("{}/{}", parent, pointer_part(name)),
         fmt::format("{}: is given twice; each member may stand once", shown(name)));
}

UsageItemReader::Got UsageItemReader::take(const char* pointer, Value& value, Wanted wanted, std::string_view& out) {
  std::string_view token;
  const JsonType type = walk_.peek(value, token);
  switch (type) {
    case JsonType::text:
      if (!walk_.text(token, out)) return Got::broken;
      return out.empty() ? Got::empty_text : Got::value;
    case JsonType::null:
      return Got::null;
    case JsonType::broken:
      return Got::broken;
    case JsonType::number:
      if (wanted == Wanted::text_or_number) {
        out = token;
        return Got::value;
      }
      break;
    case JsonType::boolean:
    case JsonType::array:
    case JsonType::object:
      break;
  }
  const bool is_json = refuse_type(pointer, value, type, wanted == Wanted::text ? "a text" : "a number or a text");
  return is_json ? Got::refused : Got::broken;
}

bool UsageItemReader::read_text(const char* pointer, Value& value, std::string_view& target) {
  return take(pointer, value, Wanted::text, target) != Got::broken;
}

bool UsageItemReader::read_required(const char* pointer, Value& value, std::string_view& target) {
  const Got got = take(pointer, value, Wanted::text, target);
  if (got == Got::empty_text) {
    refuse(
        RecordErrorCode::empty_field, pointer,
        fmt::format("{}: is empty; a text of 1 to {} bytes is required", field_name(pointer), options_.text_bytes_max));
  }
  return got != Got::broken;
}

bool UsageItemReader::read_instant(const char* pointer, Value& value, std::optional<Instant>& target) {
  std::string_view text;
  const Got got = take(pointer, value, Wanted::text, text);
  if (got != Got::value) return got != Got::broken;
  if (const Result<Instant> instant = parse_instant(text)) {
    target = *instant;
  } else {
    refuse(RecordErrorCode::bad_format, pointer,
           fmt::format("{}: {} is no time; {}", field_name(pointer), shown(text), time_rule));
  }
  return true;
}

bool UsageItemReader::read_time(Value& value) {
  std::string_view text;
  const Got got = take("/time", value, Wanted::text, text);
  if (got == Got::empty_text) {
    refuse(RecordErrorCode::empty_field, "/time", fmt::format("time: is empty; {}", time_rule));
  }
  has_time_ = got != Got::null;
  if (got != Got::value) return got != Got::broken;
  if (const Result<Instant> instant = parse_instant(text)) {
    record().time = *instant;
  } else {
    refuse(RecordErrorCode::bad_format, "/time", fmt::format("time: {} is no time; {}", shown(text), time_rule));
  }
  return true;
}

bool UsageItemReader::read_quantity(Value& value) {
  std::string_view text;
  const Got got = take("/quantity", value, Wanted::text_or_number, text);
  if (got == Got::empty_text) {
    refuse(RecordErrorCode::empty_field, "/quantity", "quantity: is empty; a decimal number is required");
  }
  has_quantity_ = got != Got::null;
  if (got != Got::value) return got != Got::broken;
  if (const auto quantity = Decimal::parse(text)) {
    record().quantity = *quantity;
  } else if (!item_->error) {
    item_->error = decimal_error(quantity.error(), "/quantity", "quantity", text);
  }
  return true;
}

bool UsageItemReader::read_decimal(const char* pointer, Value& value, std::optional<Decimal>& target) {
  std::string_view text;
  const Got got = take(pointer, value, Wanted::text_or_number, text);
  if (got != Got::value) return got != Got::broken;
  if (const auto decimal = Decimal::parse(text)) {
    target = *decimal;
  } else if (!item_->error) {
    item_->error = decimal_error(decimal.error(), pointer, field_name(pointer), text);
    item_->error->code = RecordErrorCode::bad_format;
  }
  return true;
}

bool UsageItemReader::read_integer(const char* pointer, Value& value, std::int64_t minimum,
                                   std::optional<std::int64_t>& target) {
  std::string_view text;
  const Got got = take(pointer, value, Wanted::text_or_number, text);
  if (got != Got::value) return got != Got::broken;
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc{} && end == text.data() + text.size() && number >= minimum) {
    target = number;
  } else {
    refuse(RecordErrorCode::bad_format, pointer,
           fmt::format("{}: {} is not allowed; a whole number from {} on is required", field_name(pointer), shown(text),
                       minimum));
  }
  return true;
}

bool UsageItemReader::read_property(std::string_view name, Value& value) {
  JsonWalk::Facts facts;
  Property property{name, {}};
  if (!walk_.keep(value, property.json, facts)) return false;
  record().properties.push_back(property);
  const auto refuse_it = [&](RecordErrorCode code, std::string_view problem) {
    refuse(code, fmt::format("/properties/{}", pointer_part(name)),
           fmt::format("properties: {} {}", shown(name), problem));
  };
  if (name.empty()) refuse_it(RecordErrorCode::bad_format, "is no name; names have 1 byte or more");
  if (name.size() > options_.text_bytes_max) refuse_it(RecordErrorCode::text_too_long, "is too long a name");
  if (options_.is_wire && (name.starts_with("focus.") || name.starts_with("tags."))) {
    refuse_it(RecordErrorCode::bad_format, "is reserved; names beginning focus. or tags. belong to imports");
  }
  if (facts.has_duplicate_name) refuse_it(RecordErrorCode::malformed_record, "holds an object with a name twice");
  if (facts.levels > options_.nesting_max) {
    refuse_it(RecordErrorCode::bad_format,
              fmt::format("is nested too deep; {} levels are allowed", options_.nesting_max));
  }
  return true;
}

void UsageItemReader::finish() {
  const UsageRecord& r = record();
  if (!has_time_) refuse(RecordErrorCode::missing_field, "/time", fmt::format("time: is missing; {}", time_rule));
  if (!has_quantity_) {
    refuse(RecordErrorCode::missing_field, "/quantity", "quantity: is missing; a decimal number is required");
  }
  if (options_.is_wire && is_reserved_source(r.source)) {
    refuse(RecordErrorCode::bad_format, "/source",
           fmt::format("source: {} is reserved; another name than netsuite or openmeter:... is required",
                       shown(r.source)));
  }
  if (item_->error) return;
  if (r.source.empty()) record().source = options_.default_source;
  item_->error = check_record(r, options_);
}

bool UsageItemReader::read(ondemand::object object, BatchItem& item) {
  item_ = &item;
  seen_ = 0;
  has_time_ = has_quantity_ = false;
  for (auto field : object) {
    std::string_view name;
    if (!walk_.key(field, name)) return false;
    ondemand::value value;
    if (const auto code = field.value().get(value); code != simdjson::SUCCESS) return walk_.fail(code);
    if (!read_member(name, value)) return false;
  }
  finish();
  return true;
}

bool UsageItemReader::read_member(std::string_view name, Value& value) {
  const std::size_t field = find_usage_field(name);
  if (field == no_field) return refuse_unknown("", name, value);
  const std::uint32_t bit = std::uint32_t{1} << field;
  if ((seen_ & bit) != 0) {
    refuse_duplicate("", name);
    return walk_.skip(value);
  }
  seen_ |= bit;
  return read_field(field, value);
}

bool UsageItemReader::read_field(std::size_t field, Value& value) {
  UsageRecord& r = record();
  switch (static_cast<UsageField>(field)) {
    case UsageField::id:
      return read_required("/id", value, r.id);
    case UsageField::org:
      return read_required("/org", value, r.org);
    case UsageField::run:
      return read_run(value);
    case UsageField::app:
      return read_app(value);
    case UsageField::time:
      return read_time(value);
    case UsageField::line:
      return read_integer("/line", value, 1, r.line);
    case UsageField::task:
      return read_task(value);
    case UsageField::user:
      return read_text("/user", value, r.user);
    case UsageField::memo:
      return read_text("/memo", value, r.memo);
    case UsageField::meter:
      return read_required("/meter", value, r.meter);
    case UsageField::asset:
      return read_asset(value);
    case UsageField::source:
      return read_text("/source", value, r.source);
    case UsageField::folder:
      return read_text("/folder", value, r.folder);
    case UsageField::project:
      return read_text("/project", value, r.project);
    case UsageField::channel:
      return read_text("/channel", value, r.channel);
    case UsageField::quantity:
      return read_quantity(value);
    case UsageField::resource:
      return read_resource(value);
    case UsageField::category:
      return read_text("/category", value, r.category);
    case UsageField::properties:
      return read_properties(value);
    case UsageField::environment:
      return read_environment(value);
    case UsageField::billing_tag:
      return read_text("/billing_tag", value, r.billing_tag);
    case UsageField::subscription:
      return read_text("/subscription", value, r.subscription);
  }
  return walk_.fail("an unknown field was looked up");
}

}  // namespace meterport::formats
