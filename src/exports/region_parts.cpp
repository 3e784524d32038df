#include "exports/region_parts.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "exports/artifact.h"
#include "queries/part_file.h"

namespace meterport::exports {
namespace {

constexpr std::chrono::milliseconds look_pause{50};

/// It came from the own disk, not from the region.
bool is_own_trouble(const Status& status) {
  return !status &&
         (status.error().kind == ErrorKind::storage_full || status.error().kind == ErrorKind::store_unavailable);
}

void remove_if_there(FileSystem& files, const std::string& path) {
  const Status removed = files.remove(path);
  if (!removed && removed.error().kind != ErrorKind::not_found) {
    log::warning("a part of an export stays behind", {{"path", path}, {"detail", removed.error().detail}});
  }
}

}  // namespace

RegionParts::RegionParts(queries::PartSource& source, FileSystem& files, RunWatch& watch,
                         std::vector<queries::RegionShare> shares, Options options)
    : source_(source), files_(files), watch_(watch), options_(std::move(options)), is_done_(shares.size()) {
  for (queries::RegionShare& share : shares) {
    std::string path = options_.stem + share.region;
    parts_.push_back({std::move(share), std::move(path), false, {}});
  }
}

RegionParts::~RegionParts() {
  give_up();
  for (std::thread& thread : threads_) thread.join();
}

void RegionParts::start() {
  watch_.has_parts = true;
  until_ = Steady::now() + std::chrono::milliseconds(options_.times.budget);
  until_longest_ = Steady::now() + std::chrono::milliseconds(options_.times.longest);
  for (Part& part : parts_) threads_.emplace_back([this, &part] { gather(part); });
  tell_progress();
}

void RegionParts::gather(Part& part) {
  Status last;
  if (files_.exists(part.path)) {
    if (queries::check_part_file(files_, part.path)) {
      part.is_there = true;
      return end(part, last);
    }
    remove_if_there(files_, part.path);
  }
  const bool is_once = options_.effort == Effort::once;
  if (is_once) last = source_.probe(part.share.region, {options_.times.probe, &is_over_});
  if (!last) return end(part, last);
  for (std::int64_t pause_ms = options_.times.pause_first;;) {
    if (is_over_) return end(part, last);
    last = attempt(part);
    part.is_there = last.has_value();
    if (part.is_there) note_new();
    // Refused for good: no further attempt will be answered otherwise.
    const bool is_final = last || is_once || is_own_trouble(last) || last.error().kind == ErrorKind::forbidden;
    if (is_final || !pause(pause_ms)) return end(part, last);
    pause_ms = std::min(pause_ms * 2, options_.times.pause_longest);
  }
}

Status RegionParts::attempt(const Part& part) {
  const std::string temporary = part.path + "." + options_.tag + ".tmp";
  remove_if_there(files_, temporary);
  Status fetched = source_.fetch(part.share.region, part.share.request, temporary, {options_.times.stall, &is_over_});
  if (fetched) fetched = files_.rename(temporary, part.path);
  if (!fetched) remove_if_there(files_, temporary);
  return fetched;
}

bool RegionParts::pause(std::int64_t ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return is_over_.load(); });
  return !is_over_;
}

void RegionParts::end(Part& part, const Status& last) {
  if (!part.is_there) {
    part.reason = !last && !last.error().text.empty() ? last.error().text : "did not answer in time";
    log::warning("the part of a region is missing", {{"region", part.share.region},
                                                     {"reason", part.reason},
                                                     {"detail", last ? std::string() : last.error().detail}});
  }
  {
    const std::lock_guard lock(mutex_);
    if (is_own_trouble(last) && !trouble_) trouble_ = last.error();
    is_done_[static_cast<std::size_t>(&part - parts_.data())] = true;
    changed_.notify_all();
  }
  tell_progress();
}

void RegionParts::reject_if(const std::function<std::string(const Part&)>& judge) {
  for (Part& part : parts_) {
    if (!part.is_there) continue;
    part.reason = judge(part);
    part.is_there = part.reason.empty();
  }
}

void RegionParts::tell_progress() {
  const std::lock_guard lock(mutex_);
  const auto out = std::ranges::find(is_done_, false);
  const auto n = static_cast<std::size_t>(out - is_done_.begin());
  watch_.wait_for(n == parts_.size() ? std::string() : "region " + parts_[n].share.region);
}

void RegionParts::note_new() {
  const std::lock_guard lock(mutex_);
  is_any_new_ = true;
}

void RegionParts::give_up() {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  changed_.notify_all();
}

Status RegionParts::keep_time() {
  bool has_time = Steady::now() < until_;
  if (!has_time && options_.effort == Effort::once) {
    const std::lock_guard lock(mutex_);
    has_time = !is_any_new_ && Steady::now() < until_longest_;
  }
  if (has_time && !watch_.is_interrupted()) return {};
  give_up();
  return watch_.is_interrupted() ? Status(interrupted()) : Status();
}

Status RegionParts::wait() {
  tell_progress();
  for (bool is_all = false; !is_all;) {
    if (auto may_go_on = keep_time(); !may_go_on) return may_go_on;
    std::unique_lock lock(mutex_);
    is_all =
        changed_.wait_for(lock, look_pause, [this] { return std::ranges::find(is_done_, false) == is_done_.end(); });
  }
  watch_.wait_for({});
  if (trouble_) return unwritten(std::unexpected(*trouble_));
  return {};
}

}  // namespace meterport::exports
