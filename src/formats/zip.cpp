#include "formats/zip.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "formats/deflate.h"
#include "formats/zip_records.h"

namespace meterport::formats {

struct ZipWriter::State {
  enum class Stage { between, inside, finished };

  State(Sink to, Instant time, unsigned threads) : sink(std::move(to)), dos_time(zip_records::dos_time(time)) {
    if (threads > 1) {
      pool.emplace(threads);
    } else {
      inline_deflater.emplace();
    }
  }

  Sink sink;
  std::uint32_t dos_time;
  std::optional<DeflatePool> pool;
  std::optional<BlockDeflater> inline_deflater;
  Stage stage = Stage::between;
  std::optional<Error> failed;
  std::uint64_t written = 0;
  std::vector<ZipEntry> entries;
  std::vector<std::uint64_t> offsets;
  Sha256 sha256;
  std::string block;   ///< input not yet handed to a deflater
  std::string packed;  ///< output on its way to the sink

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

  Status send_packed(bool is_good) {
    if (!is_good) return remember({ErrorKind::internal, "The ZIP could not be compressed.", "isal_deflate failed", {}});
    entries.back().compressed_bytes += packed.size();
    return send(packed);
  }

  Status take_one() {
    const bool is_good = pool->take(packed);
    return send_packed(is_good);
  }

  Status flush_block(bool is_last) {
    if (!pool) {
      const bool is_good = inline_deflater->compress(block, is_last, packed);
      block.clear();
      return send_packed(is_good);
    }
    while (pool->is_full()) {
      if (Status sent = take_one(); !sent) return sent;
    }
    pool->submit(block, is_last);
    while (pool->is_front_ready() || (is_last && !pool->is_empty())) {
      if (Status sent = take_one(); !sent) return sent;
    }
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
  state.block.reserve(deflate_block_bytes);
  std::string header;
  zip_records::append_local_header(header, entry, state.dos_time);
  return state.send(header);
}

Status ZipWriter::write(std::string_view bytes) {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::inside); !ready) return ready;
  ZipEntry& entry = state.entries.back();
  entry.crc32 = crc32_gzip(entry.crc32, bytes);
  entry.uncompressed_bytes += bytes.size();
  state.sha256.update(bytes);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, deflate_block_bytes - state.block.size());
    state.block += part;
    bytes.remove_prefix(part.size());
    if (state.block.size() < deflate_block_bytes) break;
    if (Status flushed = state.flush_block(false); !flushed) return flushed;
    state.block.reserve(deflate_block_bytes);
  }
  return {};
}

Status ZipWriter::end_entry() {
  State& state = *state_;
  if (Status ready = state.check(State::Stage::inside); !ready) return ready;
  if (Status flushed = state.flush_block(true); !flushed) return flushed;
  state.entries.back().sha256 = state.sha256.finish();
  state.stage = State::Stage::between;
  std::string descriptor;
  zip_records::append_data_descriptor(descriptor, state.entries.back());
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
