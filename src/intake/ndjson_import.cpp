#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "formats/usage_json.h"
#include "intake/focus_import.h"
#include "intake/import_pipeline.h"

namespace meterport::intake {
namespace {

constexpr std::size_t lines_per_batch = 5'000;
constexpr std::size_t conflict_notices_max = 20;
constexpr std::string_view channel = "import:ndjson";

struct Line {
  std::size_t number = 0;  ///< in the file, from 1
  std::string_view text;
};
using Chunk = std::vector<Line>;

/// Cuts the text into lines; blank ones count but are no rows.
class LineCutter {
 public:
  explicit LineCutter(std::string_view text) : rest_(text) {}
  Chunk next_chunk() {
    Chunk chunk;
    chunk.reserve(lines_per_batch);
    while (!rest_.empty() && chunk.size() < lines_per_batch) {
      const std::size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      ++number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find_first_not_of(" \t") != std::string_view::npos) chunk.push_back({number_, line});
    }
    return chunk;
  }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

Result<RecordBatch> read_chunk(std::span<const Line> chunk, const formats::UsageReadOptions& options) {
  std::size_t bytes = 0;
  for (const Line& line : chunk) bytes += line.text.size() + 1;
  constexpr std::size_t parser_padding = 64;
  std::string text;
  text.reserve(bytes + parser_padding);
  for (const Line& line : chunk) {
    text += line.text;
    text += '\n';
  }
  return formats::read_usage_ndjson(std::move(text), options);
}

void collect(const Chunk& chunk, const formats::UsageReadOptions& options, const BatchResult& result,
             ImportReport& report) {
  report.rows += chunk.size();
  report.stored += result.stored;
  report.duplicates += result.duplicates;
  report.conflicts += result.conflicts;
  report.rejected += result.rejected;
  report.last_position = std::max(report.last_position, result.last_position);
  if (result.conflicts + result.rejected == 0) return;
  for (std::size_t i = 0; i < result.items.size() && i < chunk.size(); ++i) {
    const ItemResult& item = result.items[i];
    if (!item.error) continue;
    if (item.state == ItemState::conflict) {
      if (report.notices.size() < conflict_notices_max) {
        report.notices.push_back(fmt::format("line {}: {}", chunk[i].number, item.error->text));
      }
      continue;
    }
    RejectedRow& rejected = report.rejected_rows.emplace_back();
    rejected.line = chunk[i].number;
    rejected.error = *item.error;
    rejected.row = chunk[i].text;
    // The batch is gone by now; rejected lines are few, so they are read once more for their id.
    const Result<RecordBatch> again = read_chunk(std::span(&chunk[i], 1), options);
    if (again && !again->items.empty()) rejected.id = again->items.front().record.id;
  }
}

}  // namespace

Result<ImportReport> import_ndjson(Intake& intake, const Principal& principal, const Settings& settings,
                                   std::string bytes, const Progress& progress) {
  formats::UsageReadOptions options;
  options.record_bytes_max = static_cast<std::size_t>(settings.number("intake.record_bytes_max"));
  options.is_wire = !principal.is_server_itself;
  options.default_source = principal.default_source.empty() ? "import" : std::string_view(principal.default_source);
  const auto lines = static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  ImportReport report;
  ImportPipeline pipeline(intake, principal, std::string(channel));
  LineCutter cutter(bytes);
  for (;;) {
    const auto chunk = std::make_shared<const Chunk>(cutter.next_chunk());
    if (chunk->empty()) break;
    Status sent = pipeline.send([chunk, &options] { return read_chunk(*chunk, options); },
                                [chunk, &options, &report, &progress, lines](const BatchResult& result) {
                                  collect(*chunk, options, result, report);
                                  if (progress) progress(report.rows, std::max(lines, report.rows));
                                });
    if (!sent) return fail(std::move(sent));
  }
  if (Status finished = pipeline.finish(); !finished) return fail(std::move(finished));
  return report;
}

}  // namespace meterport::intake
