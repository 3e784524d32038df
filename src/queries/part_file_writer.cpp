#include <algorithm>

#include "queries/part_file.h"
#include "queries/part_format.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::dimension_count;
using namespace part_format;

struct PartFileWriter::State {
  State(PartGrain part_grain, const std::vector<Dimension>& dims) : layout(part_grain, dims) {}

  /// Words that wait to be written.
  struct Words {
    std::uint32_t count = 0;
    std::string lengths, texts;
    std::vector<Code> numbers;  ///< by the giver's code; 0: not given
    Code last = 0;
  };

  Status write(std::string_view some);
  Status write_frame(FrameKind kind, std::uint8_t dimension, std::uint32_t items, std::string_view first,
                     std::string_view rest);
  Status write_words(std::size_t dimension);
  Status write_rows();

  const RowLayout layout;
  std::unique_ptr<File> file;
  Sha256 hash;
  Digest digest{};
  std::uint64_t bytes = 0, facts = 0, word_count = 0;
  std::array<Words, dimension_count> words;
  std::uint32_t row_count = 0;
  std::string rows, payloads;
  bool is_finished = false;
};

Status PartFileWriter::State::write(std::string_view some) {
  if (auto written = file->write_at(bytes, some); !written) return written;
  hash.update(some);
  bytes += some.size();
  return {};
}

Status PartFileWriter::State::write_frame(FrameKind kind, std::uint8_t dimension, std::uint32_t items,
                                          std::string_view first, std::string_view rest) {
  std::string head;
  put(head, static_cast<std::uint8_t>(kind));
  put(head, dimension);
  put(head, std::uint16_t{0});
  put(head, items);
  put(head, static_cast<std::uint32_t>(first.size() + rest.size()));
  put(head, crc32c(crc32c(crc32c(0, head), first), rest));
  if (auto written = write(head); !written) return written;
  if (auto written = write(first); !written) return written;
  return rest.empty() ? Status() : write(rest);
}

Status PartFileWriter::State::write_words(std::size_t dimension) {
  Words& some = words[dimension];
  if (some.count == 0) return {};
  auto written =
      write_frame(FrameKind::words, static_cast<std::uint8_t>(dimension), some.count, some.lengths, some.texts);
  some.count = 0;
  some.lengths.clear();
  some.texts.clear();
  return written;
}

/// After the words they are made of.
Status PartFileWriter::State::write_rows() {
  for (std::size_t i = 0; i < dimension_count; ++i) {
    if (auto written = write_words(i); !written) return written;
  }
  if (row_count == 0) return {};
  auto written = write_frame(FrameKind::rows, 0, row_count, rows, payloads);
  row_count = 0;
  rows.clear();
  payloads.clear();
  return written;
}

PartFileWriter::PartFileWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartFileWriter::~PartFileWriter() = default;

Result<std::unique_ptr<PartFileWriter>> PartFileWriter::create(FileSystem& files, const std::string& path,
                                                               PartGrain grain, const std::vector<Dimension>& dims) {
  auto state = std::make_unique<State>(grain, dims);
  auto file = files.open(path, OpenMode::create_new);
  if (!file) return fail(std::move(file));
  state->file = std::move(*file);
  std::uint16_t mask = 0;
  for (const Dimension dimension : dims)
    mask = static_cast<std::uint16_t>(mask | 1u << static_cast<unsigned>(dimension));
  std::string header(magic);
  put(header, static_cast<std::uint8_t>(grain));
  put(header, std::uint8_t{0});
  put(header, mask);
  put(header, crc32c(0, header));
  if (auto written = state->write(header); !written) return fail(std::move(written));
  return std::unique_ptr<PartFileWriter>(new PartFileWriter(std::move(state)));
}

Status PartFileWriter::word(Dimension dimension, Code code, std::string_view text) {
  const auto number = static_cast<std::size_t>(dimension);
  State::Words& words = state_->words.at(number);
  if (code == 0 || text.empty()) return fail(ErrorKind::internal, "the part is broken", "a word without code or text");
  if (std::ranges::find(state_->layout.columns, number) == state_->layout.columns.end()) return {};
  if (code >= words.numbers.size()) {
    words.numbers.resize(std::max<std::size_t>(code + std::size_t{1}, words.numbers.size() * 2));
  }
  if (words.numbers[code] != 0) return {};
  words.numbers[code] = ++words.last;
  ++words.count;
  ++state_->word_count;
  put(words.lengths, static_cast<std::uint32_t>(text.size()));
  words.texts += text;
  return words.texts.size() < frame_bytes ? Status() : state_->write_words(number);
}

Status PartFileWriter::fact(const warehouse::Fact& fact, std::string_view payload, Instant arrival_time) {
  State& state = *state_;
  const RowLayout& layout = state.layout;
  std::array<char, 44 + sizeof(Code) * dimension_count> row;
  char* const at = row.data();
  if (layout.is_sum) {
    set(at, day_of(Instant{fact.time_us}).days);
    set(at + 4, fact.whole);
    set(at + 12, fact.fraction_1e18);
  } else {
    set(at, fact.position);
    set(at + 8, fact.time_us);
    set(at + 16, fact.whole);
    set(at + 24, fact.fraction_1e18);
  }
  if (layout.is_record) {
    if (payload.empty()) return fail(ErrorKind::internal, "the part is broken", "a record without its bytes");
    set(at + 32, arrival_time.us);
    set(at + 40, static_cast<std::uint32_t>(payload.size()));
    state.payloads += payload;
  }
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const std::vector<Code>& numbers = state.words[layout.columns[i]].numbers;
    const Code code = fact.codes[layout.columns[i]];
    const Code number = code == 0 || code >= numbers.size() ? 0 : numbers[code];
    if (number == 0 && (code != 0 || i < 2))
      return fail(ErrorKind::internal, "the part is broken", "a code without word");
    set(at + layout.codes + i * sizeof(Code), number);
  }
  state.rows.append(at, layout.bytes);
  ++state.row_count;
  ++state.facts;
  return state.rows.size() + state.payloads.size() < frame_bytes ? Status() : state.write_rows();
}

Status PartFileWriter::finish() {
  if (state_->is_finished) return fail(ErrorKind::internal, "the part is broken", "it was finished before");
  if (auto written = state_->write_rows(); !written) return written;
  std::string counts;
  put(counts, state_->facts);
  put(counts, state_->word_count);
  if (auto written = state_->write_frame(FrameKind::end, 0, 0, counts, {}); !written) return written;
  state_->is_finished = true;
  state_->digest = state_->hash.finish();
  return {};
}

std::uint64_t PartFileWriter::bytes() const {
  return state_->bytes;
}
std::uint64_t PartFileWriter::facts() const {
  return state_->facts;
}
const Digest& PartFileWriter::sha256() const {
  return state_->digest;
}

}  // namespace meterport::queries
