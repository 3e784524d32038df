#include "formats/usage_json.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "formats/thread_parser.h"
#include "formats/usage_item.h"

namespace meterport::formats {
namespace {

constexpr std::size_t typical_record_bytes = 160;

Error too_many(const UsageReadOptions& options) {
  return {
      ErrorKind::too_large,
      fmt::format("The body has more than {} records, which is the most one request may hold.", options.records_max),
      {},
      {}};
}

Error malformed(std::string_view why) {
  return {ErrorKind::malformed, fmt::format("The body is no JSON: {}.", why), {}, {}};
}

void refuse_size(std::size_t bytes, const UsageReadOptions& options, BatchItem& item) {
  item.record = {};
  item.error =
      RecordError{RecordErrorCode::text_too_long, "",
                  fmt::format("the record has {} bytes; at most {} are allowed", bytes, options.record_bytes_max)};
}

void refuse_item(std::string_view why, BatchItem& item) {
  item.record = {};
  item.error = RecordError{RecordErrorCode::malformed_record, "", std::string(why)};
}

static_assert(body_spare_bytes >= simdjson::SIMDJSON_PADDING);

/// Room for the parser to read past the end; also keeps the text out of the string object itself (RecordBatch).
void take_body(RecordBatch& batch, std::string body) {
  batch.buffer = std::move(body);
  batch.buffer.reserve(batch.buffer.size() + body_spare_bytes);
}

/// One request's body and everything that reads it.
class BodyReader {
 public:
  BodyReader(RecordBatch& batch, const UsageReadOptions& options)
      : batch_(batch), options_(options), walk_(*parser_, batch.arena), item_reader_(walk_, options) {}

  Status read_json();
  Status read_lines();

 private:
  Status read_array(ondemand::document& document);
  bool read_element(ondemand::value& value);
  void read_line(std::string_view line);
  bool read_line_object(std::string_view line, BatchItem& item);
  simdjson::error_code open(std::string_view text, ondemand::document& document) {
    const auto room = static_cast<std::size_t>(batch_.buffer.data() + batch_.buffer.capacity() - text.data());
    return parser_->iterate(text.data(), text.size(), room).get(document);
  }

  RecordBatch& batch_;
  const UsageReadOptions& options_;
  ThreadParser parser_;
  JsonWalk walk_;
  UsageItemReader item_reader_;
};

Status BodyReader::read_json() {
  const std::size_t start = batch_.buffer.find_first_not_of(" \t\r\n");
  const char first = start == std::string::npos ? '\0' : batch_.buffer[start];
  if (first == '\0') return fail(ErrorKind::malformed, "The body is empty; a usage record or an array is required.");
  ondemand::document document;
  if (const auto code = open(batch_.buffer, document); code != simdjson::SUCCESS) {
    return std::unexpected(malformed(reason_of(code)));
  }
  if (first == '{') {
    ondemand::object object;
    if (const auto code = document.get_object().get(object); code != simdjson::SUCCESS) {
      return std::unexpected(malformed(reason_of(code)));
    }
    BatchItem& item = batch_.items.emplace_back();
    if (!item_reader_.read(object, item)) return std::unexpected(malformed(walk_.broken()));
    if (batch_.buffer.size() > options_.record_bytes_max) refuse_size(batch_.buffer.size(), options_, item);
  } else if (first == '[') {
    if (Status read = read_array(document); !read) return read;
  } else {
    return fail(ErrorKind::malformed, "The body must be a usage record or an array of them.");
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return std::unexpected(malformed("there is text after its end"));
  }
  return {};
}

Status BodyReader::read_array(ondemand::document& document) {
  ondemand::array array;
  if (const auto code = document.get_array().get(array); code != simdjson::SUCCESS) {
    return std::unexpected(malformed(reason_of(code)));
  }
  batch_.items.reserve(std::min(batch_.buffer.size() / typical_record_bytes + 1, options_.records_max));
  const char* item_end = nullptr;
  for (auto element : array) {
    if (batch_.items.size() == options_.records_max) return std::unexpected(too_many(options_));
    ondemand::value value;
    if (const auto code = std::move(element).get(value); code != simdjson::SUCCESS) {
      return std::unexpected(malformed(reason_of(code)));
    }
    const char* const item_start = std::string_view(value.raw_json_token()).data();
    if (!read_element(value)) return std::unexpected(malformed(walk_.broken()));
    // Now at the comma or bracket after the item, blanks before it included.
    if (document.current_location().get(item_end) != simdjson::SUCCESS) {
      return std::unexpected(malformed("it ends too early"));
    }
    const auto bytes = static_cast<std::size_t>(item_end - item_start);
    if (bytes > options_.record_bytes_max) refuse_size(bytes, options_, batch_.items.back());
  }
  return {};
}

bool BodyReader::read_element(ondemand::value& value) {
  BatchItem& item = batch_.items.emplace_back();
  std::string_view token;
  const JsonType type = walk_.peek(value, token);
  if (type == JsonType::broken) return false;
  if (type != JsonType::object) {
    refuse_item(fmt::format("the item is {}; an object is required", name_of(type)), item);
    return walk_.skip(value);
  }
  ondemand::object object;
  if (const auto code = value.get_object().get(object); code != simdjson::SUCCESS) return walk_.fail(code);
  return item_reader_.read(object, item);
}

bool BodyReader::read_line_object(std::string_view line, BatchItem& item) {
  walk_.reset();
  ondemand::document document;
  if (const auto code = open(line, document); code != simdjson::SUCCESS) return walk_.fail(code);
  ondemand::object object;
  if (const auto code = document.get_object().get(object); code != simdjson::SUCCESS) return walk_.fail(code);
  if (!item_reader_.read(object, item)) return false;
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return walk_.fail("there is text after its end");
  return true;
}

void BodyReader::read_line(std::string_view line) {
  BatchItem& item = batch_.items.emplace_back();
  if (line.size() > options_.record_bytes_max) return refuse_size(line.size(), options_, item);
  if (line.front() != '{') return refuse_item("the line is no JSON object; one object a line is required", item);
  if (!read_line_object(line, item)) refuse_item(fmt::format("the line is no JSON: {}", walk_.broken()), item);
}

Status BodyReader::read_lines() {
  std::string_view rest = batch_.buffer;
  const auto breaks = static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '\n'));
  batch_.items.reserve(std::min(breaks + 1, options_.records_max));
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    if (batch_.items.size() == options_.records_max) return std::unexpected(too_many(options_));
    read_line(line);
  }
  return {};
}

template <Status (BodyReader::*read)()>
Result<RecordBatch> read_body(std::string body, const UsageReadOptions& options) {
  RecordBatch batch;
  take_body(batch, std::move(body));
  BodyReader reader(batch, options);
  if (Status done = (reader.*read)(); !done) return fail(std::move(done));
  return batch;
}

}  // namespace

Result<RecordBatch> read_usage_json(std::string body, const UsageReadOptions& options) {
  return read_body<&BodyReader::read_json>(std::move(body), options);
}

Result<RecordBatch> read_usage_ndjson(std::string body, const UsageReadOptions& options) {
  return read_body<&BodyReader::read_lines>(std::move(body), options);
}

}  // namespace meterport::formats
