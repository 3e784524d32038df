#include <algorithm>
#include <bit>
#include <optional>
#include <span>

#include "queries/part_file.h"
#include "queries/part_format.h"

namespace meterport::queries {

using warehouse::Code;
using warehouse::Dimension;
using warehouse::dimension_count;
using warehouse::Fact;
using namespace part_format;

namespace {

std::unexpected<Error> damaged(std::string why) {
  return fail(ErrorKind::malformed, "the part is damaged", std::move(why));
}

/// Days that the store can count with, far beyond every date that can be written.
constexpr std::int32_t day_max = 1'000'000;
constexpr std::int64_t time_max = day_max * Instant::us_per_day;

class Reader {
 public:
  Reader(std::unique_ptr<File> file, std::uint64_t size, PartSink* sink)
      : file_(std::move(file)), left_(size), sink_(sink) {}

  Result<PartFileFacts> read() {
    if (auto read = read_header(); !read) return fail(std::move(read));
    for (FrameHead head; !is_ended_;) {
      if (auto read = read_frame(head); !read) return fail(std::move(read));
      if (auto taken = take_frame(head); !taken) return fail(std::move(taken));
    }
    if (left_ != 0) return damaged("something follows its end");
    return facts_;
  }

 private:
  Status read_bytes(std::size_t count) {
    if (count > left_) return damaged("it ends too early");
    bytes_.resize(count);
    const auto got = file_->read_at(at_, std::span<char>(bytes_.data(), count));
    if (!got) return fail(got);
    if (*got != count) return damaged("it ends too early");
    at_ += count;
    left_ -= count;
    return {};
  }

  Status read_header() {
    if (auto read = read_bytes(header_bytes); !read) return read;
    const std::string_view header = bytes_;
    if (!header.starts_with(magic)) return damaged("it is no part file of this version");
    if (crc32c(0, header.substr(0, 12)) != get<std::uint32_t>(header.data() + 12)) return damaged("its header");
    const auto grain = get<std::uint8_t>(header.data() + 8);
    const auto mask = get<std::uint16_t>(header.data() + 10);
    if (grain > static_cast<std::uint8_t>(PartGrain::records) || header[9] != 0 || (mask & 3u) != 0) {
      return damaged("its header says what there is not");
    }
    facts_.grain = static_cast<PartGrain>(grain);
    std::vector<Dimension> dims;
    for (unsigned i = 0; i < dimension_count; ++i) {
      if ((mask >> i & 1u) != 0) dims.push_back(static_cast<Dimension>(i));
    }
    layout_.emplace(facts_.grain, dims);
    return {};
  }

  /// Its payload to bytes_.
  Status read_frame(FrameHead& head) {
    if (auto read = read_bytes(frame_head_bytes); !read) return read;
    const char* const at = bytes_.data();
    head = {.kind = static_cast<FrameKind>(get<std::uint8_t>(at)),
            .dimension = get<std::uint8_t>(at + 1),
            .items = get<std::uint32_t>(at + 4),
            .bytes = get<std::uint32_t>(at + 8),
            .crc = get<std::uint32_t>(at + 12)};
    if (get<std::uint16_t>(at + 2) != 0 || head.bytes > frame_bytes_max) return damaged("a frame's head");
    const std::uint32_t crc = crc32c(0, std::string_view(bytes_).substr(0, 12));
    if (auto read = read_bytes(head.bytes); !read) return read;
    return crc32c(crc, bytes_) == head.crc ? Status() : Status(damaged("a frame's checksum does not fit"));
  }

  Status take_frame(const FrameHead& head) {
    switch (head.kind) {
      case FrameKind::words:
        return take_words(head);
      case FrameKind::rows:
        return take_rows(head);
      case FrameKind::end:
        return take_end(head);
    }
    return damaged("a frame of no kind that there is");
  }

  Status take_words(const FrameHead& head) {
    const auto& columns = layout_->columns;
    if (std::ranges::find(columns, head.dimension) == columns.end()) return damaged("words that no row has");
    if (head.items == 0 || head.items > bytes_.size() / sizeof(std::uint32_t)) return damaged("a frame's count");
    std::size_t text_at = head.items * sizeof(std::uint32_t);
    for (std::uint32_t i = 0; i < head.items; ++i) {
      const auto length = get<std::uint32_t>(bytes_.data() + i * sizeof(std::uint32_t));
      if (length == 0 || length > bytes_.size() - text_at) return damaged("a word's length");
      const Code code = ++words_[head.dimension];
      ++word_count_;
      if (sink_ != nullptr) {
        const auto text = std::string_view(bytes_).substr(text_at, length);
        if (auto taken = sink_->word(static_cast<Dimension>(head.dimension), code, text); !taken) return taken;
      }
      text_at += length;
    }
    return text_at == bytes_.size() ? Status() : Status(damaged("bytes after the words"));
  }

  Status take_rows(const FrameHead& head) {
    if (head.dimension != 0 || head.items == 0 || head.items > bytes_.size() / layout_->bytes) {
      return damaged("a frame's count");
    }
    std::size_t payload_at = head.items * layout_->bytes;
    for (std::uint32_t i = 0; i < head.items; ++i) {
      const char* const at = bytes_.data() + i * layout_->bytes;
      Fact fact;
      if (!take_numbers(at, fact) || !take_codes(at, fact)) return damaged("a row holds what there is not");
      std::string_view payload;
      Instant arrival;
      if (layout_->is_record) {
        arrival = Instant{get<std::int64_t>(at + 32)};
        const auto length = get<std::uint32_t>(at + 40);
        if (length == 0 || length > bytes_.size() - payload_at) return damaged("a record's length");
        payload = std::string_view(bytes_).substr(payload_at, length);
        payload_at += length;
      }
      ++facts_.facts;
      if (sink_ == nullptr) continue;
      if (auto taken = sink_->fact(fact, payload, arrival); !taken) return taken;
    }
    return payload_at == bytes_.size() ? Status() : Status(damaged("bytes after the rows"));
  }

  [[nodiscard]] bool take_numbers(const char* at, Fact& fact) const {
    if (layout_->is_sum) {
      const auto day = get<std::int32_t>(at);
      if (day < -day_max || day > day_max) return false;
      fact.time_us = start_of(Day{day}).us;
    } else {
      fact.position = get<std::uint64_t>(at);
      fact.time_us = get<std::int64_t>(at + 8);
    }
    const char* const quantity = at + (layout_->is_sum ? 4 : 16);
    fact.whole = get<std::int64_t>(quantity);
    fact.fraction_1e18 = get<std::int64_t>(quantity + 8);
    const bool is_of_one_sign =
        (fact.whole >= 0 || fact.fraction_1e18 <= 0) && (fact.whole <= 0 || fact.fraction_1e18 >= 0);
    return fact.time_us >= -time_max && fact.time_us <= time_max && is_of_one_sign && fact.fraction_1e18 < unit_1e18 &&
           fact.fraction_1e18 > -unit_1e18;
  }

  [[nodiscard]] bool take_codes(const char* at, Fact& fact) const {
    for (std::size_t i = 0; i < layout_->columns.size(); ++i) {
      const std::uint8_t column = layout_->columns[i];
      const auto code = get<Code>(at + layout_->codes + i * sizeof(Code));
      if (code > words_[column] || (code == 0 && i < 2)) return false;
      fact.codes[column] = code;
    }
    return true;
  }

  Status take_end(const FrameHead& head) {
    if (head.dimension != 0 || head.items != 0 || bytes_.size() != end_bytes) return damaged("its end");
    if (get<std::uint64_t>(bytes_.data()) != facts_.facts || get<std::uint64_t>(bytes_.data() + 8) != word_count_) {
      return damaged("its counts do not fit");
    }
    is_ended_ = true;
    return {};
  }

  std::unique_ptr<File> file_;
  std::uint64_t at_ = 0, left_;
  PartSink* const sink_;
  std::string bytes_;
  std::optional<RowLayout> layout_;
  PartFileFacts facts_;
  std::array<Code, dimension_count> words_{};
  std::uint64_t word_count_ = 0;
  bool is_ended_ = false;
};

Result<PartFileFacts> read(FileSystem& files, const std::string& path, PartSink* sink) {
  auto file = files.open(path, OpenMode::read);
  if (!file) return fail(std::move(file));
  const auto size = (*file)->size();
  if (!size) return fail(size);
  return Reader(std::move(*file), *size, sink).read();
}

}  // namespace

Result<PartFileFacts> read_part_file(FileSystem& files, const std::string& path, PartSink& sink) {
  return read(files, path, &sink);
}
Result<PartFileFacts> check_part_file(FileSystem& files, const std::string& path) {
  return read(files, path, nullptr);
}

}  // namespace meterport::queries
