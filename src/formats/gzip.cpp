#include "formats/gzip.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "formats/deflate_stream.h"
#include "formats/gzip_records.h"

namespace meterport::formats {
namespace {

bool is_printable_ascii(char c) {
  return c >= ' ' && c <= '~';
}

}  // namespace

struct GzipWriter::State {
  State(Sink to, std::string_view name, Instant at, unsigned threads)
      : sink(std::move(to)), time(at), deflate([this](std::string_view bytes) { return send(bytes); }, threads) {
    member.name = name;
    if (name.empty() || !std::ranges::all_of(name, is_printable_ascii)) {
      failed = Error{ErrorKind::invalid, "A gzip file's name must be printable ASCII characters.", {}, "name"};
    }
  }

  Sink sink;
  Instant time;
  DeflateStream deflate;
  bool has_header = false, is_finished = false;
  std::optional<Error> failed;
  std::uint64_t written = 0;
  GzipMember member;

  Status send(std::string_view bytes) {
    Status sent = sink(bytes);
    if (sent) {
      written += bytes.size();
    } else {
      failed = sent.error();
    }
    return sent;
  }

  /// Before whatever is written first.
  Status ready() {
    if (failed) return std::unexpected(*failed);
    if (is_finished) return fail(ErrorKind::internal, "The gzip writer was called out of order.");
    if (has_header) return {};
    has_header = true;
    std::string header;
    gzip_records::append_header(header, member.name, time);
    return send(header);
  }
};

GzipWriter::GzipWriter(Sink sink, std::string_view name, Instant time, unsigned threads)
    : state_(std::make_unique<State>(std::move(sink), name, time, threads)) {}
GzipWriter::~GzipWriter() = default;

Status GzipWriter::write(std::string_view bytes) {
  if (Status ready = state_->ready(); !ready) return ready;
  return state_->deflate.write(bytes);
}

Status GzipWriter::finish() {
  State& state = *state_;
  if (Status ready = state.ready(); !ready) return ready;
  if (Status ended = state.deflate.end(); !ended) return ended;
  state.is_finished = true;
  const DeflateStream::Facts& facts = state.deflate.facts();
  state.member.crc32 = facts.crc32;
  state.member.compressed_bytes = facts.compressed_bytes;
  state.member.uncompressed_bytes = facts.uncompressed_bytes;
  state.member.sha256 = facts.sha256;
  std::string trailer;
  gzip_records::append_trailer(trailer, facts.crc32, facts.uncompressed_bytes);
  return state.send(trailer);
}

const GzipMember& GzipWriter::member() const {
  return state_->member;
}
std::uint64_t GzipWriter::bytes_written() const {
  return state_->written;
}

}  // namespace meterport::formats
