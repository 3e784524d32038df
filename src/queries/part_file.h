// A part as a file (docs/formats/part-files.md): what regions send each other and what an export keeps of them.
//
// Bytes are a function of the part alone. Writer and reader: one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/hash.h"
#include "queries/part.h"

namespace meterport::queries {

/// Writes a part to a new file. A file without its end is no part: readers refuse it.
class PartFileWriter final : public PartSink {
 public:
  static Result<std::unique_ptr<PartFileWriter>> create(FileSystem& files, const std::string& path, PartGrain grain,
                                                        const std::vector<warehouse::Dimension>& dims);
  ~PartFileWriter() override;
  Status word(warehouse::Dimension dimension, warehouse::Code code, std::string_view text) override;
  Status fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) override;
  /// The end; nothing may follow. Not synced: a part can be had again.
  Status finish();
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t facts() const;
  /// Of the whole file, after finish().
  [[nodiscard]] const Digest& sha256() const;

 private:
  struct State;
  explicit PartFileWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct PartFileFacts {
  PartGrain grain = PartGrain::day_sums;
  std::uint64_t facts = 0;
};
/// Reads a part file into the sink, checking frames and counts. malformed: it is damaged or none.
Result<PartFileFacts> read_part_file(FileSystem& files, const std::string& path, PartSink& sink);
/// The same without a sink: whether the file is a whole part.
Result<PartFileFacts> check_part_file(FileSystem& files, const std::string& path);
/// Whether it is one of this request, too: a region speaks for the orgs that it was asked for alone. malformed: also
/// with usage of another org, meter or time, or a record that says something else than its row.
Status check_part_of(FileSystem& files, const std::string& path, const PartRequest& request);

}  // namespace meterport::queries
