// Private to ledger: segments as readers see them. A segment, once opened, can be read by any number of threads, also
// while it is appended to, sealed, replaced and unlinked: readers keep it alive.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/file_system.h"
#include "ledger/segment_file.h"

namespace meterport::ledger {

/// Where in the stream of units a reader stands.
struct StreamState {
  Position next = 0;               ///< position of the next record, or first of the next batch
  std::uint32_t records_left = 0;  ///< of the batch it is in; 0 = a batch head comes
  Instant commit_time;
  Instant arrival_time;
};

/// The units of one segment as bytes, in order. One thread.
class UnitSource {
 public:
  virtual ~UnitSource() = default;
  /// Goes to a unit boundary at or before that position.
  virtual Result<StreamState> seek(Position from) = 0;
  /// The same where that boundary lies beyond the last view; else stays, as reading on gets there sooner. For a `from`
  /// after what was read.
  virtual std::optional<StreamState> seek_ahead(Position from) = 0;
  /// Forgets the first `consumed` bytes of the last view and gives the rest and more. No more bytes than before: that
  /// is all there is for now.
  virtual Result<std::string_view> refill(std::size_t consumed) = 0;
};

class Segment {
 public:
  virtual ~Segment() = default;
  [[nodiscard]] virtual Position first() const = 0;
  /// Last position once nothing will be added any more.
  [[nodiscard]] virtual std::optional<Position> complete_last() const = 0;
  /// Commit time of the first durable batch; none while there is none.
  [[nodiscard]] virtual std::optional<Instant> first_commit() const = 0;
  /// Last durable position whose commit time is <= t; first() - 1 if there is none.
  [[nodiscard]] virtual Result<Position> position_at(Instant t) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<UnitSource>> open_source() = 0;
};

/// A batch in an active segment.
struct BatchMark {
  Position first = 0;
  std::uint64_t offset = 0;
  Instant commit_time;
};

/// The plain form: one writer (the committer) and readers.
class ActiveSegment final : public Segment, public std::enable_shared_from_this<ActiveSegment> {
 public:
  ActiveSegment(std::string file_path, std::unique_ptr<File> opened, const FileHeader& header)
      : path_(std::move(file_path)), file_(std::move(opened)), header_(header), last_(header.before.next - 1) {}

  [[nodiscard]] Position first() const override { return header_.before.next; }
  [[nodiscard]] std::optional<Position> complete_last() const override;
  [[nodiscard]] std::optional<Instant> first_commit() const override;
  [[nodiscard]] Result<Position> position_at(Instant t) override;
  [[nodiscard]] Result<std::unique_ptr<UnitSource>> open_source() override;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const FileHeader& header() const { return header_; }
  [[nodiscard]] std::uint64_t durable_bytes() const { return durable_bytes_.load(std::memory_order_acquire); }
  File& file() { return *file_; }
  /// The batches are on disk: readers may see them. `last` is the last position, `bytes` where they end.
  void publish(std::span<const BatchMark> marks, Position last, std::uint64_t bytes);
  /// Nothing will be added any more.
  void complete() { is_complete_.store(true, std::memory_order_release); }
  /// Offset of the batch that holds the position, or of the last one before it.
  [[nodiscard]] BatchMark mark_of(Position position) const;

 private:
  const std::string path_;
  const std::unique_ptr<File> file_;
  const FileHeader header_;
  std::atomic<std::uint64_t> durable_bytes_ = file_header_bytes;
  std::atomic<Position> last_;
  std::atomic<bool> is_complete_ = false;
  mutable std::mutex mutex_;
  std::vector<BatchMark> marks_;  ///< guarded by mutex_
};

/// The compressed form: immutable.
class SealedSegment final : public Segment, public std::enable_shared_from_this<SealedSegment> {
 public:
  /// Reads header and trailer. internal: damaged, and the text says what to do.
  static Result<std::shared_ptr<SealedSegment>> open(FileSystem& files, const std::string& folder, Position first);

  [[nodiscard]] Position first() const override { return trailer_.first; }
  [[nodiscard]] std::optional<Position> complete_last() const override { return trailer_.last; }
  [[nodiscard]] std::optional<Instant> first_commit() const override { return trailer_.first_commit; }
  [[nodiscard]] Result<Position> position_at(Instant t) override;
  [[nodiscard]] Result<std::unique_ptr<UnitSource>> open_source() override;

  [[nodiscard]] const FileHeader& header() const { return header_; }
  [[nodiscard]] const Trailer& trailer() const { return trailer_; }
  [[nodiscard]] Result<std::unique_ptr<File>> open_file() const { return files_.open(path_, OpenMode::read); }
  /// Read at the first use, kept from then on.
  [[nodiscard]] Result<std::shared_ptr<const std::vector<BlockEntry>>> table();
  [[nodiscard]] std::unexpected<Error> damaged(std::string_view where) const;

 private:
  SealedSegment(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  FileSystem& files_;
  const std::string path_;
  FileHeader header_;
  Trailer trailer_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<BlockEntry>> table_;  ///< guarded by mutex_
};

/// The ledger's segments in order. Thread-safe.
class SegmentList {
 public:
  void add(std::shared_ptr<Segment> segment);
  /// Puts the sealed form in place of the active one.
  void replace(std::shared_ptr<Segment> sealed);
  /// The segment that holds the position, or will; null: before the first.
  [[nodiscard]] std::shared_ptr<Segment> find(Position position) const;
  [[nodiscard]] std::vector<std::shared_ptr<Segment>> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Segment>> segments_;
};

/// The one text for damage: names the segment and says what to do.
std::unexpected<Error> fail_damaged(std::string_view segment, std::string_view what);

}  // namespace meterport::ledger
