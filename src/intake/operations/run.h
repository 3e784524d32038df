// Private to intake: one operation on its way. A worker calls step(), which collects the chunks that intake has
// answered, in order, and sends the next ones; answers come from other threads and ask for another step.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "intake/operations/body_file.h"
#include "intake/operations/operation_store.h"
#include "intake/operations/operations.h"

namespace meterport::intake {

/// Where an operation is now, for those who ask.
struct RunProgress {
  bool has_begun = false;
  ItemCounts counts;
  std::uint64_t result_bytes = 0;
};

class Run : public std::enable_shared_from_this<Run> {
 public:
  /// `wake` asks for another step; called from any thread.
  Run(const OperationParts& parts, StoredOperation stored, std::function<void()> wake);

  enum class Next {
    wait_for_answers,  ///< wake() comes
    again,             ///< more can be sent at once
    later,             ///< after a pause: intake can take nothing now
    finished,          ///< the end is stored
    failed,            ///< likewise, that of an operation that could not be processed as a whole
  };
  /// One worker at a time. `kind` null: nobody understands these items, which fails the operation.
  Next step(const OperationKind* kind);

  [[nodiscard]] const StoredOperation& stored() const { return stored_; }
  [[nodiscard]] RunProgress progress() const;

 private:
  struct Chunk {
    std::uint64_t first = 0, count = 0;
    enum class State : std::uint8_t { to_send, sent, answered } state = State::to_send;
    std::optional<Result<BatchResult>> answer;
  };
  using ChunkPtr = std::shared_ptr<Chunk>;

  Status open();
  Status replace_results(const std::string& path);
  [[nodiscard]] Next fail_as_a_whole(const Error& error);
  /// Appends the results of the answered chunks at the front.
  Status collect(const OperationKind& kind);
  Status settle(Chunk& chunk, const OperationKind& kind);
  /// What to do with a chunk that intake answered with an error.
  void take_back(const ChunkPtr& chunk);
  Status send_some(const OperationKind& kind);
  Status send(const ChunkPtr& chunk, const OperationKind& kind);
  void answered(const ChunkPtr& chunk, Result<BatchResult> answer);
  [[nodiscard]] Next finish(OperationState state, std::string error);
  void tell_waiting(std::string_view what, const Error& error);
  [[nodiscard]] std::string path_of(std::string_view extension) const;
  void note_progress();

  const OperationParts parts_;
  OperationStore store_;
  const StoredOperation stored_;
  const std::function<void()> wake_;

  // The worker's own.
  std::optional<BodyFile> body_;
  std::optional<ResultFile> results_;
  TakenAt taken_;
  std::deque<ChunkPtr> chunks_;  ///< not yet collected, in order
  std::uint64_t next_item_ = 0;  ///< first one in no chunk yet
  bool must_pause_ = false;
  bool must_replace_results_ = false;  ///< a sync of them failed
  bool has_told_ = false;              ///< that it waits: once, until it goes on

  mutable std::mutex mutex_;  ///< guards what follows and the chunks' state and answer
  RunProgress progress_;
};

}  // namespace meterport::intake
