// Private to formats: one JSON object -> one BatchItem.
//
// Includes simdjson.h: only .cpp files may include this header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/json_walk.h"
#include "formats/usage_json.h"

namespace meterport::formats {

/// Every `read...` visits its whole value. It returns false only if the text is no JSON (walk.broken()); what is wrong
/// with a value is noted in the item, the first such thing wins, and reading goes on.
class UsageItemReader {
 public:
  UsageItemReader(JsonWalk& walk, const UsageReadOptions& options) : walk_(walk), options_(options) {}

  bool read(ondemand::object object, BatchItem& item);

 private:
  using Value = ondemand::value;
  struct TextMember {
    std::string_view name;  ///< also the end of `pointer`
    const char* pointer;
    std::string_view* target;
  };
  enum class Wanted : std::uint8_t { text, text_or_number };
  enum class Got : std::uint8_t { value, empty_text, null, refused, broken };

  bool read_member(std::string_view name, Value& value);
  bool read_field(std::size_t field, Value& value);
  bool read_text(const char* pointer, Value& value, std::string_view& target);
  bool read_required(const char* pointer, Value& value, std::string_view& target);
  bool read_time(Value& value);
  bool read_quantity(Value& value);
  bool read_instant(const char* pointer, Value& value, std::optional<Instant>& target);
  bool read_decimal(const char* pointer, Value& value, std::optional<Decimal>& target);
  bool read_integer(const char* pointer, Value& value, std::int64_t minimum, std::optional<std::int64_t>& target);
  bool read_texts(const char* pointer, Value& value, std::span<const TextMember> members, std::string_view& short_form);
  bool read_run(Value& value);
  bool read_run_member(std::size_t member, Value& value);
  bool read_properties(Value& value);
  bool read_property(std::string_view name, Value& value);
  template <class ReadMember>
  bool read_object(Value& value, ReadMember&& read_member);
  bool read_asset(Value& value);
  bool read_environment(Value& value);
  bool read_resource(Value& value);
  bool read_task(Value& value);
  bool read_app(Value& value);
  void finish();

  Got take(const char* pointer, Value& value, Wanted wanted, std::string_view& out);
  bool refuse_type(const char* pointer, Value& value, JsonType type, std::string_view wanted);
  bool refuse_unknown(std::string_view parent, std::string_view name, Value& value);
  void refuse_duplicate(std::string_view parent, std::string_view name);
  void refuse(RecordErrorCode code, std::string pointer, std::string text);
  [[nodiscard]] UsageRecord& record() { return item_->record; }

  JsonWalk& walk_;
  const UsageReadOptions& options_;
  BatchItem* item_ = nullptr;
  std::uint32_t seen_ = 0;
  bool has_time_ = false;
  bool has_quantity_ = false;
};

}  // namespace meterport::formats
