#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "delivery/delivery.h"
#include "delivery/table.h"
#include "http/client.h"

namespace meterport::delivery {
namespace {

constexpr std::array<std::int64_t, 5> pauses_s{5, 30, 120, 600, 3600};
constexpr int due_at_once_max = 16;
// The clock may be set (or, in tests, jumped), so due times are looked at this often instead of slept until.
constexpr auto look_pause = std::chrono::milliseconds(100);
constexpr auto store_error_pause = std::chrono::seconds(5);
// The vendor's samples carry this address; its clients copy it (informatica.md 4.1).
constexpr std::string_view dummy_host = "myexportjobstatus.com";

std::int64_t pause_us(int attempts_made) {
  const auto index = static_cast<std::size_t>(std::max(attempts_made, 1) - 1);
  return pauses_s[std::min(index, pauses_s.size() - 1)] * Instant::us_per_second;
}

/// Why the URL will never be contacted; empty: it may be.
std::string reason_to_refuse(const std::string& url) {
  const auto host = http::host_of(url);
  if (!host) return host.error().text;
  if (*host == dummy_host) return "skipped: the dummy address of the vendor's documentation";
  return {};
}

class StoredOutbox final : public Outbox {
 public:
  StoredOutbox(control::Store& control, Clock& clock, Random& random, const Settings& settings,
               metrics::Registry& metrics, http::AddressGuard guard)
      : control_(control),
        clock_(clock),
        random_(random),
        guard_(std::move(guard)),
        timeout_ms_(settings.number("delivery.timeout") * 1000),
        attempts_max_(static_cast<int>(settings.number("delivery.attempts_max"))),
        metrics_(metrics),
        worker_([this] { work(); }) {
    pthread_setname_np(worker_.native_handle(), "delivery");
  }

  ~StoredOutbox() override {
    is_stopping_ = true;
    wake();
    worker_.join();
  }

  Status enqueue(const NewDelivery& delivery) override {
    Status stored = control_.write([&](soci::session& session) { return enqueue_within(session, delivery); });
    if (stored) wake();
    return stored;
  }

  Status enqueue_within(soci::session& session, const NewDelivery& content) override {
    Delivery delivery;
    delivery.id = make_id22(random_);
    delivery.created = clock_.now();
    delivery.last_error = reason_to_refuse(content.url);
    delivery.state = delivery.last_error.empty() ? "pending" : "refused";
    insert_delivery(session, delivery, content, attempts_max_);
    if (!delivery.last_error.empty()) count("refused");
    return {};
  }

  void wake() override {
    {
      const std::lock_guard lock(mutex_);
      is_poked_ = true;
    }
    changed_.notify_all();
  }

  Status forget_job_within(soci::session& session, const std::string& job_id) override {
    delete_of_job(session, job_id);
    return {};
  }

  Result<std::vector<Delivery>> of_job(const std::string& job_id) override {
    return read<std::vector<Delivery>>([&](soci::session& session) { return select_of_job(session, job_id); });
  }

  Result<std::vector<Delivery>> latest(std::size_t count) override {
    return read<std::vector<Delivery>>([&](soci::session& session) { return select_latest(session, count); });
  }

  Result<std::vector<Attempt>> attempts_of(const std::string& id) override {
    return read<std::vector<Attempt>>([&](soci::session& session) { return select_attempts(session, id); });
  }

  Status retry(const std::string& id) override {
    Status done = control_.write([&](soci::session& session) -> Status {
      if (make_pending(session, id, clock_.now(), attempts_max_)) return {};
      return fail(ErrorKind::not_found, "there is no such delivery");
    });
    if (done) wake();
    return done;
  }

 private:
  template <class T, class Select>
  Result<T> read(Select select) {
    T found;
    const Status done = control_.read([&](soci::session& session) -> Status {
      found = select(session);
      return {};
    });
    if (!done) return fail(done);
    return found;
  }

  void count(const char* outcome) {
    metrics_.counter("meterport_delivery_attempts_total", "Callback attempts by outcome.", {{"outcome", outcome}})
        .add();
  }

  void work() {
    while (!is_stopping_) {
      const Status done = send_due();
      if (!done) {
        log::error("callbacks are held up", {{"why", done.error().text}, {"detail", done.error().detail}});
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, store_error_pause, [this] { return is_stopping_.load(); });
        continue;
      }
      wait_for_work();
    }
  }

  /// Sends what is due, until nothing is.
  Status send_due() {
    {
      const std::lock_guard lock(mutex_);
      is_poked_ = false;
    }
    while (!is_stopping_) {
      auto due = read<std::vector<Due>>(
          [&](soci::session& session) { return select_due(session, clock_.now(), due_at_once_max); });
      if (!due) return fail(std::move(due));
      for (const Due& one : *due) {
        if (is_stopping_) return {};
        if (auto recorded = attempt(one); !recorded) return recorded;
      }
      if (due->empty()) break;
    }
    auto next = read<std::optional<Instant>>([](soci::session& session) { return select_next_attempt(session); });
    if (!next) return fail(std::move(next));
    next_attempt_ = *next;
    return {};
  }

  void wait_for_work() {
    std::unique_lock lock(mutex_);
    const auto is_time = [this] {
      return is_poked_ || is_stopping_ || (next_attempt_ && *next_attempt_ <= clock_.now());
    };
    while (!is_time()) {
      if (next_attempt_) {
        changed_.wait_for(lock, look_pause);
      } else {
        changed_.wait(lock);
      }
    }
  }

  Status attempt(const Due& due) {
    http::OutboundRequest request;
    request.url = due.url;
    request.headers = {{"Content-Type", due.content_type}};
    request.body = due.body;
    request.timeout_ms = timeout_ms_;
    request.cancelled = &is_stopping_;
    Attempt made;
    made.number = due.attempts + 1;
    made.began = clock_.now();
    const auto began = std::chrono::steady_clock::now();
    const auto response = http::send_guarded(request, guard_);
    if (is_stopping_ && !response) return {};
    const auto took = std::chrono::steady_clock::now() - began;
    made.took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const Outcome outcome = judge(due, response, made);
    log::info("callback attempt", {{"delivery", due.id},
                                   {"job", due.job_id},
                                   {"attempt", made.number},
                                   {"status", made.status},
                                   {"state", outcome.state},
                                   {"error", made.error}});
    return control_.write([&](soci::session& session) -> Status {
      record_attempt(session, due.id, made, outcome);
      return {};
    });
  }

  Outcome judge(const Due& due, const Result<http::OutboundResponse>& response, Attempt& made) {
    Outcome outcome{.state = "delivered", .next_attempt = made.began};
    if (response) {
      made.status = response->status;
      if (response->status / 100 != 2) made.error = "answered with status " + std::to_string(response->status);
    } else {
      made.error = response.error().text;
      const ErrorKind kind = response.error().kind;
      if (kind == ErrorKind::invalid || kind == ErrorKind::forbidden) outcome.state = "refused";
    }
    if (!made.error.empty() && outcome.state != "refused") {
      outcome.state = made.number >= due.attempts_max ? "failed" : "pending";
      outcome.next_attempt = clock_.now().plus_us(pause_us(made.number));
    }
    count(outcome.state == "pending" ? "retried" : outcome.state.c_str());
    return outcome;
  }

  control::Store& control_;
  Clock& clock_;
  Random& random_;
  http::AddressGuard guard_;
  std::int64_t timeout_ms_;
  int attempts_max_;
  metrics::Registry& metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_poked_ = false;                ///< under mutex_
  std::optional<Instant> next_attempt_;  ///< worker only; none: nothing is pending
  std::atomic<bool> is_stopping_{false};
  std::thread worker_;  ///< last: uses all above
};

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::start(control::Store& control, Clock& clock, Random& random,
                                              const Settings& settings, metrics::Registry& metrics) {
  auto guard = http::AddressGuard::make(settings.list("delivery.allowed_ranges"));
  if (!guard) return fail(std::move(guard));
  return std::make_unique<StoredOutbox>(control, clock, random, settings, metrics, std::move(*guard));
}

}  // namespace meterport::delivery
