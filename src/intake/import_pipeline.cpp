#include "intake/import_pipeline.h"

#include <chrono>
#include <thread>

namespace meterport::intake {
namespace {

constexpr std::size_t in_flight_max = 6;
/// How long an import stands in the queue of a busy server before it gives up.
constexpr std::chrono::milliseconds busy_pause{100};
constexpr int busy_tries_max = 600;

}  // namespace

ImportPipeline::~ImportPipeline() {
  for (Sent& sent : sent_) {
    if (sent.answer.valid()) sent.answer.wait();
  }
}

Status ImportPipeline::start(Sent& sent) {
  Result<RecordBatch> batch = sent.make();
  if (!batch) return fail(std::move(batch));
  std::promise<Result<BatchResult>> promise;
  sent.answer = promise.get_future();
  intake_.submit(
      principal_, std::move(*batch), channel_,
      [promise = std::move(promise)](Result<BatchResult> result) mutable { promise.set_value(std::move(result)); });
  return {};
}

Status ImportPipeline::send(Make make, Collect collect) {
  while (sent_.size() >= in_flight_max) {
    if (Status collected = collect_oldest(); !collected) return collected;
  }
  sent_.push_back({std::move(make), std::move(collect), {}});
  Status started = start(sent_.back());
  if (!started) sent_.pop_back();
  return started;
}

Status ImportPipeline::collect_oldest() {
  Sent sent = std::move(sent_.front());
  sent_.pop_front();
  Result<BatchResult> result = sent.answer.get();
  for (int tries = 0; !result && result.error().kind == ErrorKind::busy && tries < busy_tries_max; ++tries) {
    std::this_thread::sleep_for(busy_pause);
    if (Status started = start(sent); !started) return started;
    result = sent.answer.get();
  }
  if (!result) return fail(std::move(result));
  sent.collect(*result);
  return {};
}

Status ImportPipeline::finish() {
  while (!sent_.empty()) {
    if (Status collected = collect_oldest(); !collected) return collected;
  }
  return {};
}

}  // namespace meterport::intake
