#include "intake/intake.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>

#include "base/ids.h"
#include "base/log.h"
#include "base/random.h"
#include "intake/probe.h"
#include "intake/resolver.h"
#include "intake/submission.h"

namespace meterport::intake {
namespace {

bool may_send_at_all(const Principal& principal) {
  return principal.is_server_itself || std::ranges::any_of(principal.grants, [](const Grant& grant) {
           return grant.role == Role::ingester || grant.role == Role::admin;
         });
}

}  // namespace

std::string_view to_string(ItemState state) {
  switch (state) {
    case ItemState::stored:
      return "stored";
    case ItemState::duplicate:
      return "duplicate";
    case ItemState::conflict:
      return "conflict";
    case ItemState::rejected:
      return "rejected";
  }
  return "rejected";
}

struct Intake::State {
  State(ledger::Ledger& l, catalog::Catalog& c, Clock& k, metrics::Registry& registry, IntakeOptions o)
      : ledger(l), catalog(c), clock(k), options(o), probe(registry, in_flight) {}

  ledger::Ledger& ledger;
  catalog::Catalog& catalog;
  Clock& clock;
  const IntakeOptions options;
  const std::shared_ptr<std::atomic<std::size_t>> in_flight = std::make_shared<std::atomic<std::size_t>>(0);
  Probe probe;

  void ended() {
    in_flight->fetch_sub(1);
    in_flight->notify_all();
  }
};

Intake::Intake(ledger::Ledger& ledger, catalog::Catalog& catalog, Clock& clock, metrics::Registry& metrics,
               IntakeOptions options)
    : state_(std::make_shared<State>(ledger, catalog, clock, metrics, options)) {}

Intake::~Intake() {
  for (std::size_t left = state_->in_flight->load(); left != 0; left = state_->in_flight->load()) {
    state_->in_flight->wait(left);
  }
}

Status Intake::can_store() const {
  return state_->ledger.log().can_append();
}

std::size_t Intake::in_flight() const {
  return state_->in_flight->load();
}

Instant Intake::now() const {
  return state_->clock.now();
}

void Intake::submit(const Principal& principal, RecordBatch batch, std::string channel, Done done, TakenAt taken) {
  if (!may_send_at_all(principal)) {
    return done(fail(ErrorKind::forbidden, "sending usage needs the role ingester or admin"));
  }
  if (state_->in_flight->fetch_add(1) >= state_->options.queue_requests_max) {
    state_->ended();
    return done(fail(ErrorKind::busy, "too many submissions are being stored; send again shortly"));
  }
  const auto began = std::chrono::steady_clock::now();
  if (!taken.catalogue) taken = {state_->catalog.current(), state_->clock.now()};
  // The batch keeps the text: the principal may be gone before the answer is there.
  const std::string_view default_source = batch.arena.keep(principal.default_source);
  Resolver resolver(taken.catalogue, principal, default_source, day_of(taken.time), channel == "v1",
                    state_->catalog.own_region(), taken.account);
  for (BatchItem& item : batch.items) {
    if (!item.error) item.error = resolver.check(item.record);
  }
  ledger::BatchInfo info{make_id22(system_random()), principal.id, std::move(channel), taken.time};
  auto finished = [state = state_, began, done = std::move(done)](Result<BatchResult> result) mutable {
    if (result) {
      const auto took = std::chrono::steady_clock::now() - began;
      state->probe.answered(*result, std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    } else {
      state->probe.failed();
    }
    done(std::move(result));
    state->ended();
  };
  std::make_shared<Submission>(state_->ledger, std::move(info), std::move(batch), std::move(finished))->start();
}

Result<BatchResult> Intake::submit_and_wait(const Principal& principal, RecordBatch batch, std::string channel) {
  std::promise<Result<BatchResult>> promise;
  std::future<Result<BatchResult>> answer = promise.get_future();
  submit(principal, std::move(batch), std::move(channel),
         [promise = std::move(promise)](Result<BatchResult> result) mutable { promise.set_value(std::move(result)); });
  return answer.get();
}

Result<ledger::Position> Intake::keep_once(const Principal& principal, const std::string& channel,
                                           std::string_view space, std::string_view name, std::string_view members) {
  // No usage record has an empty org, so these keys are apart from theirs.
  const SipKey& secret = state_->ledger.secret();
  const ledger::ClaimRequest slot{ledger::record_key(secret, "", space, name), siphash128(secret, members).low};
  ledger::Index& index = state_->ledger.index();
  for (;;) {
    std::promise<void> ended;
    std::future<void> has_ended = ended.get_future();
    auto claimer = std::make_shared<std::promise<void>>(std::move(ended));
    const Result<ledger::ClaimResult> claim =
        index.claim(slot.key, slot.fingerprint, [claimer](bool) { claimer->set_value(); });
    if (!claim) return fail(claim);
    if (claim->outcome == ledger::ClaimOutcome::present) return claim->value.position;
    if (claim->outcome == ledger::ClaimOutcome::claimed) break;
    has_ended.wait();
  }
  ledger::NewBatch batch;
  batch.info = {make_id22(system_random()), principal.id, channel, state_->clock.now()};
  batch.payloads = ledger::slotted_document(slot, members);
  batch.records.push_back({ledger::RecordKind::catalogue_change, batch.payloads});
  std::promise<Result<ledger::Position>> promise;
  std::future<Result<ledger::Position>> answer = promise.get_future();
  // Settled on the committer's thread, as the index wants it: in position order.
  Status queued = state_->ledger.log().append(
      std::move(batch), [&index, slot, promise = std::move(promise)](Result<ledger::Appended> appended) mutable {
        if (appended) {
          const ledger::Position position = appended->batch_position + 1;
          index.settle(slot.key, {position, slot.fingerprint});
          promise.set_value(position);
        } else {
          index.release(slot.key);
          promise.set_value(fail(std::move(appended)));
        }
      });
  if (!queued) {
    index.release(slot.key);
    return fail(std::move(queued));
  }
  return answer.get();
}

}  // namespace meterport::intake
