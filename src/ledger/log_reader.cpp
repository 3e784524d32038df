#include "ledger/log_reader.h"

#include <fmt/format.h>

namespace meterport::ledger {

Result<bool> SegmentLogReader::next(StoredRecord& record) {
  while (true) {
    if (!units_) {
      const auto entered = enter_segment();
      if (!entered) return fail(entered);
      if (!*entered) return false;
    }
    // Asked before reading: what is complete now stays so, and all of it can be read.
    const auto complete_last = segment_->complete_last();
    const auto more = units_->next();
    if (!more) return fail(more);
    if (!*more) {
      if (!complete_last) return false;
      if (units_->state().next <= *complete_last) continue;
      next_ = std::max(next_, *complete_last + 1);
      units_.reset();
      continue;
    }
    if (units_->is_head() || units_->position() < next_) continue;
    const Frame& frame = units_->frame();
    next_ = units_->position() + 1;
    // A kind of a later format: its position counts, its content is nobody's here.
    if (frame.kind == 0 || frame.kind > kind_max) continue;
    if (units_->frame_state() == Parse::new_version) {
      return fail_new_version(fmt::format("ledger record {} ({}, version {})", units_->position(),
                                          to_string(RecordKind{frame.kind}), frame.version));
    }
    const std::string_view payload = frame.is_erased() ? std::string_view() : frame.body;
    const std::string_view stub = frame.is_erased() ? frame.body : std::string_view();
    record = {units_->position(),          RecordKind{frame.kind},       frame.version, frame.is_erased(),
              units_->state().commit_time, units_->state().arrival_time, payload,       stub};
    return true;
  }
}

void SegmentLogReader::skip_to(Position from) {
  if (from <= next_) return;
  next_ = from;
  if (!units_) return;
  const auto complete_last = segment_->complete_last();
  if (complete_last && *complete_last < from) {
    units_.reset();
  } else {
    units_->skip_to(from);
  }
}

Result<bool> SegmentLogReader::enter_segment() {
  segment_ = segments_->find(next_);
  if (!segment_) return false;
  if (const auto last = segment_->complete_last(); last && *last < next_) return false;
  auto units = UnitReader::open(*segment_, next_);
  if (!units) return fail(std::move(units));
  units_ = std::move(*units);
  return true;
}

namespace {

class Verifier {
 public:
  Status segment(Segment& segment) {
    auto units = UnitReader::open(segment, segment.first());
    if (!units) return fail(std::move(units));
    while (true) {
      const auto more = units->next();
      if (!more) return fail(more);
      if (!*more) break;
      if (auto s = units->is_head() ? head(*units) : frame(*units); !s) return s;
    }
    if (units->state().records_left != 0) return damaged("its batch is incomplete");
    return {};
  }
  [[nodiscard]] const ChainReport& report() const { return report_; }

 private:
  Status head(const UnitReader& units) {
    const BatchHead& h = units.head();
    if (h.first != report_.last_position + 1) return damaged("positions are missing before it");
    if (h.previous_chain != report_.chain_head) return damaged("the chain is broken before it");
    if (h.commit_time < report_.last_commit) return damaged("its commit time goes back");
    if (h.group_first != h.first && h.group_first != group_) return damaged("its sync group is not the one before it");
    group_ = h.group_first;
    report_.chain_head = chain_after(units.bytes());
    report_.last_commit = h.commit_time;
    ++report_.batches;
    digest_.emplace(h.records);
    return {};
  }

  Status frame(const UnitReader& units) {
    const Frame& f = units.frame();
    const bool is_first = units.position() == units.head().first;
    if (is_first != (f.kind == static_cast<std::uint8_t>(RecordKind::batch)))
      return damaged("its batch record is misplaced");
    const auto digest = record_digest(f);
    if (!digest) return fail(digest);
    digest_->add(*digest);
    report_.last_position = units.position();
    ++report_.records;
    if (f.is_erased()) ++report_.erased;
    if (f.kind == 0 || f.kind > kind_max) ++report_.unknown_kinds;
    if (units.state().records_left == 0 && digest_->finish() != units.head().payload_digest) {
      return damaged("its batch does not match its digest");
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> damaged(std::string_view what) const {
    return fail_damaged("of a sealed or active file",
                        fmt::format("after position {}: {}", report_.last_position, what));
  }

  ChainReport report_;
  Position group_ = 0;
  std::optional<PayloadDigest> digest_;
};

}  // namespace

Result<ChainReport> verify_segments(const SegmentList& segments) {
  Verifier verifier;
  for (const auto& segment : segments.all()) {
    if (auto s = verifier.segment(*segment); !s) return fail(std::move(s));
  }
  return verifier.report();
}

}  // namespace meterport::ledger
