#include "ledger/housekeeper.h"

#include "base/log.h"
#include "ledger/seal.h"

namespace meterport::ledger {

Housekeeper::Housekeeper(FileSystem& files, std::string folder, std::shared_ptr<SegmentList> segments,
                         std::uint64_t segment_bytes)
    : files_(files),
      folder_(std::move(folder)),
      segments_(std::move(segments)),
      segment_bytes_(segment_bytes),
      thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Housekeeper::seal(std::shared_ptr<ActiveSegment> segment) {
  {
    const std::scoped_lock lock(mutex_);
    to_seal_.push_back(std::move(segment));
    tries_left_ = to_seal_.size();
  }
  changed_.notify_all();
}

void Housekeeper::prepare_spare() {
  {
    const std::scoped_lock lock(mutex_);
    // One in the making is enough: a second open of its name could give the committer's file away twice.
    spare_wanted_ = spare_ == nullptr && !is_making_spare_;
  }
  changed_.notify_all();
}

std::unique_ptr<File> Housekeeper::take_spare() {
  const std::scoped_lock lock(mutex_);
  return std::move(spare_);
}

void Housekeeper::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !is_busy_ && !spare_wanted_ && tries_left_ == 0; });
}

void Housekeeper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || spare_wanted_ || tries_left_ > 0; });
    if (is_stopping_) return;
    is_busy_ = true;
    // The spare first: the committer needs it sooner.
    if (spare_wanted_) {
      make_spare(lock);
    } else {
      seal_first(lock);
    }
    is_busy_ = false;
    changed_.notify_all();
  }
}

void Housekeeper::make_spare(std::unique_lock<std::mutex>& lock) {
  spare_wanted_ = false;
  is_making_spare_ = true;
  lock.unlock();
  const std::string path = folder_ + "/" + std::string(spare_name);
  auto file = files_.open(path, OpenMode::create_or_open);
  Status made = file ? (*file)->allocate(segment_bytes_)
                     : Status(fail(file.error().kind, file.error().text, file.error().detail));
  if (!made)
    log::warning("no room for the next ledger segment",
                 {{"cause", made.error().text}, {"detail", made.error().detail}});
  lock.lock();
  is_making_spare_ = false;
  // Without a spare the committer makes its segment itself, and says what is wrong to those it concerns.
  if (made) spare_ = std::move(*file);
}

void Housekeeper::seal_first(std::unique_lock<std::mutex>& lock) {
  --tries_left_;
  const std::shared_ptr<ActiveSegment> segment = std::move(to_seal_.front());
  to_seal_.pop_front();
  lock.unlock();
  auto sealed = seal_segment(files_, folder_, *segment);
  Status done = sealed ? Status() : Status(fail(sealed));
  if (sealed) {
    segments_->replace(std::move(*sealed));
    done = files_.remove(segment->path());
  }
  lock.lock();
  if (done) return;
  log::error("sealing a ledger segment failed", {{"segment", segment_name(segment->first(), SegmentState::active)},
                                                 {"cause", done.error().text},
                                                 {"detail", done.error().detail}});
  if (!sealed) to_seal_.push_back(segment);
}

}  // namespace meterport::ledger
