// Sends an import's batches through intake with several on their way, so that parsing, encoding and syncing overlap.
// Results are collected in the order the batches were sent, on the importing thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <string>

#include "intake/intake.h"

namespace meterport::intake {

class ImportPipeline {
 public:
  /// Makes the batch; called again when intake was too busy to take it.
  using Make = std::function<Result<RecordBatch>()>;
  using Collect = std::function<void(const BatchResult&)>;

  ImportPipeline(Intake& intake, const Principal& principal, std::string channel)
      : intake_(intake), principal_(principal), channel_(std::move(channel)) {}
  /// Waits for what is on its way; its results are dropped.
  ~ImportPipeline();
  ImportPipeline(const ImportPipeline&) = delete;
  ImportPipeline& operator=(const ImportPipeline&) = delete;

  /// Waits while too many batches are on their way. An error is that of an earlier batch; nothing more is sent.
  Status send(Make make, Collect collect);
  /// Waits for and collects all.
  Status finish();

 private:
  struct Sent {
    Make make;
    Collect collect;
    std::future<Result<BatchResult>> answer;
  };
  Status collect_oldest();
  Status start(Sent& sent);

  Intake& intake_;
  const Principal& principal_;
  std::string channel_;
  std::deque<Sent> sent_;
};

}  // namespace meterport::intake
