#include "queries/part.h"

#include "queries/part_file.h"
#include "queries/part_store.h"
#include "queries/queries.h"

namespace meterport::queries {

std::string_view to_string(PartGrain grain) {
  switch (grain) {
    case PartGrain::day_sums:
      return "day-sums";
    case PartGrain::facts:
      return "facts";
    case PartGrain::records:
      return "records";
  }
  return "";
}

std::optional<PartGrain> parse_part_grain(std::string_view text) {
  for (const PartGrain grain : {PartGrain::day_sums, PartGrain::facts, PartGrain::records}) {
    if (to_string(grain) == text) return grain;
  }
  return std::nullopt;
}

Status Queries::read_part(const PartRequest&, PartSink&, std::int64_t, const std::function<Status()>&) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Result<std::vector<TotalRow>> Queries::own_totals(const TotalsRequest&, const std::vector<std::string>&, Instant,
                                                  std::int64_t) {
  return fail(ErrorKind::not_supported, "not there yet");
}

struct PartFileWriter::State {
  Digest digest{};
};
PartFileWriter::PartFileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartFileWriter::~PartFileWriter() = default;
Result<std::unique_ptr<PartFileWriter>> PartFileWriter::create(FileSystem&, const std::string&, PartGrain,
                                                               const std::vector<warehouse::Dimension>&) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Status PartFileWriter::word(warehouse::Dimension, warehouse::Code, std::string_view) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Status PartFileWriter::fact(const warehouse::Fact&, std::string_view, Instant) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Status PartFileWriter::finish() {
  return fail(ErrorKind::not_supported, "not there yet");
}
std::uint64_t PartFileWriter::bytes() const {
  return 0;
}
std::uint64_t PartFileWriter::facts() const {
  return 0;
}
const Digest& PartFileWriter::sha256() const {
  return state_->digest;
}
Result<PartFileFacts> read_part_file(FileSystem&, const std::string&, PartSink&) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Result<PartFileFacts> check_part_file(FileSystem&, const std::string&) {
  return fail(ErrorKind::not_supported, "not there yet");
}
Result<std::unique_ptr<PartStore>> PartStore::create(FileSystem&, catalog::Catalog&, Clock&, const std::string&) {
  return fail(ErrorKind::not_supported, "not there yet");
}
std::vector<RegionShare> shares_of(const ExportSpec&, Instant, const catalog::Snapshot&, const ReportOrgs&,
                                   std::string_view) {
  return {};
}

}  // namespace meterport::queries
