// For tests: an active segment's file in which a record is erased, as docs/formats/ledger-log.md 2.2 says.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "ledger/frame.h"
#include "ledger/segment_file.h"

namespace meterport::ledger {

/// `file` with the frame of `position` replaced by its stub.
inline std::string with_erased(std::string file, Position position, const Hash128& key, std::uint64_t fingerprint) {
  const auto rest = [&file](std::size_t at) { return std::string_view(file).substr(at); };
  std::size_t at = file_header_bytes;
  BatchHead head;
  while (parse_head(rest(at), head) == Parse::ok && head.last() < position) at += head_bytes + head.payload_bytes;
  const std::size_t head_at = at;
  at += head_bytes;
  Frame frame;
  for (Position p = head.first; p < position && parse_frame(rest(at), frame) == Parse::ok; ++p)
    at += frame.bytes.size();
  EXPECT_EQ(parse_frame(rest(at), frame), Parse::ok);
  std::string erased;
  append_frame(erased, flag_erased, RecordKind{frame.kind},
               encode_stub({record_digest(frame).value(), key, fingerprint}));
  const std::size_t size_before = frame.bytes.size();
  file.replace(at, size_before, erased);
  head.payload_bytes += static_cast<std::uint32_t>(erased.size() - size_before);
  write_head(file.data() + head_at, head);
  return file;
}

}  // namespace meterport::ledger
