// Private to ledger: the thread behind the committer. Seals full segments and keeps an empty one ready, so that
// appends wait for neither.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "ledger/segment.h"

namespace meterport::ledger {

class Housekeeper {
 public:
  Housekeeper(FileSystem& files, std::string folder, std::shared_ptr<SegmentList> segments,
              std::uint64_t segment_bytes);
  /// Ends what it is at; segments that still wait are sealed after the next open.
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// The segment is complete. Segments whose sealing failed before are tried again.
  void seal(std::shared_ptr<ActiveSegment> segment);
  /// Makes the spare segment if there is none.
  void prepare_spare();
  /// A preallocated file named spare_name, to be renamed; null: none is ready.
  std::unique_ptr<File> take_spare();
  /// Until all that was asked for is done or has failed.
  void wait_idle();

 private:
  void run();
  void make_spare(std::unique_lock<std::mutex>& lock);
  void seal_first(std::unique_lock<std::mutex>& lock);

  FileSystem& files_;
  const std::string folder_;
  const std::shared_ptr<SegmentList> segments_;
  const std::uint64_t segment_bytes_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // guarded by mutex_
  std::deque<std::shared_ptr<ActiveSegment>> to_seal_;
  std::size_t tries_left_ = 0;  ///< of to_seal_, since the last request
  std::unique_ptr<File> spare_;
  bool spare_wanted_ = false;
  bool is_making_spare_ = false;
  bool is_busy_ = false;
  bool is_stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace meterport::ledger
