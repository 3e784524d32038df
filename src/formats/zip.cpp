#include "formats/zip.h"

#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "formats/deflate_stream.h"
#include "formats/zip_records.h"

namespace meterport::formats {

struct ZipWriter::State {
  enum class Stage { between, inside, finished };

  State(Sink to, Instant time, unsigned threads)
      : sink(std::move(to)),
        dos_time(zip_records::dos_time(time)),
        deflate([this](std::string_view bytes) { return send(bytes); }, threads) {}

  Sink sink;
  std::uint32_t dos_time;
  DeflateStream deflate;
  Stage stage = Stage::between;
  std::optional<Error> failed;
  std::uint64_t written = 0;
  std::vector<ZipEntry> entries;
  std::vector<std::uint64_t> offsets;

  Status remember(Error error) {
    failed = std::move(error);
    return std::unexpected(*failed);
  }

  Status check(Stage wanted) const {
    if (failed) return std::unexpected(*failed);
    if (stage != wanted) return fail(ErrorKind::internal, "The ZIP writer was called out of order.");
    return {};
  }

  Status send(std::string_view bytes) {
    Status sent = sink(bytes);
    if (!sent) return remember(std::move(sent.error()));
    written += bytes.size();
    return {};
  }
};

ZipWriter::ZipWriter(Sink sink, Instant time, unsigned threads)
    : state_(std::make_unique<State>(std::move(sink), time, threads)) {}
ZipWriter::~ZipWriter() = default;

Status ZipWriter::begin_entry(std::string_view name, EntrySize size) {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::between); !ready) return ready;
  if (name.empty() || name.size() > 0xFFFF || !is_utf8(name)) {
    return state.remember({ErrorKind::invalid, "A ZIP entry's name must be 1 to 65535 bytes of UTF-8.", {}, "name"});
  }
  ZipEntry& entry = state.entries.emplace_back();
  entry.name = name;
  entry.is_zip64 = size == EntrySize::large;
  state.offsets.push_back(state.written);
  state.stage = State::Stage::inside;
  std::string header;
  zip_records::append_local_header(header, entry, state.dos_time);
  return state.send(header);
}

Status ZipWriter::write(std::string_view bytes) {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::inside); !ready) return ready;
  Status taken = state.deflate.write(bytes);
  return taken ? taken : state.remember(std::move(taken.error()));
}

Status ZipWriter::end_entry() {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::inside); !ready) return ready;
  if (Status ended = state.deflate.end(); !ended) return state.remember(std::move(ended.error()));
  ZipEntry& entry = state.entries.back();
  const DeflateStream::Facts& facts = state.deflate.facts();
  entry.crc32 = facts.crc32;
  entry.compressed_bytes = facts.compressed_bytes;
  entry.uncompressed_bytes = facts.uncompressed_bytes;
  entry.sha256 = facts.sha256;
  state.stage = State::Stage::between;
  std::string descriptor;
  zip_records::append_data_descriptor(descriptor, entry);
  return state.send(descriptor);
}

Status ZipWriter::finish() {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::between); !ready) return ready;
  state.stage = State::Stage::finished;
  const std::uint64_t directory_offset = state.written;
  std::string directory;
  for (std::size_t i = 0; i < state.entries.size(); ++i) {
    zip_records::append_central_header(directory, state.entries[i], state.offsets[i], state.dos_time);
  }
  zip_records::append_end_records(directory, state.entries.size(), directory.size(), directory_offset);
  return state.send(directory);
}

const std::vector<ZipEntry>& ZipWriter::entries() const {
  return state_->entries;
}
std::uint64_t ZipWriter::bytes_written() const {
  return state_->written;
}

}  // namespace meterport::formats
