#include "formats/deflate_stream.h"

#include <utility>

namespace meterport::formats {

DeflateStream::DeflateStream(Sink sink, unsigned threads) : sink_(std::move(sink)) {
  if (threads > 1) {
    pool_.emplace(threads);
  } else {
    inline_deflater_.emplace();
  }
}

Status DeflateStream::remember(Error error) {
  failed_ = std::move(error);
  return std::unexpected(*failed_);
}

void DeflateStream::begin_if_new() {
  if (is_open_) return;
  is_open_ = true;
  facts_ = {};
  block_.reserve(deflate_block_bytes);
}

Status DeflateStream::send_packed(bool is_good) {
  if (!is_good) return remember({ErrorKind::internal, "The file could not be compressed.", "isal_deflate failed", {}});
  facts_.compressed_bytes += packed_.size();
  Status sent = sink_(packed_);
  return sent ? sent : remember(std::move(sent.error()));
}

Status DeflateStream::flush_block(bool is_last) {
  if (!pool_) {
    const bool is_good = inline_deflater_->compress(block_, is_last, packed_);
    block_.clear();
    return send_packed(is_good);
  }
  const auto take_one = [this] {
    const bool is_good = pool_->take(packed_);
    return send_packed(is_good);
  };
  while (pool_->is_full()) {
    if (Status sent = take_one(); !sent) return sent;
  }
  pool_->submit(block_, is_last);
  while (pool_->is_front_ready() || (is_last && !pool_->is_empty())) {
    if (Status sent = take_one(); !sent) return sent;
  }
  return {};
}

Status DeflateStream::write(std::string_view bytes) {
  if (failed_) return std::unexpected(*failed_);
  begin_if_new();
  facts_.crc32 = crc32_gzip(facts_.crc32, bytes);
  facts_.uncompressed_bytes += bytes.size();
  sha256_.update(bytes);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, deflate_block_bytes - block_.size());
    block_ += part;
    bytes.remove_prefix(part.size());
    if (block_.size() < deflate_block_bytes) break;
    if (Status flushed = flush_block(false); !flushed) return flushed;
    block_.reserve(deflate_block_bytes);
  }
  return {};
}

Status DeflateStream::end() {
  if (failed_) return std::unexpected(*failed_);
  begin_if_new();
  if (Status flushed = flush_block(true); !flushed) return flushed;
  facts_.sha256 = sha256_.finish();
  is_open_ = false;
  return {};
}

}  // namespace meterport::formats
