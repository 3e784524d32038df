#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/executor.h"
#include "base/ids.h"
#include "base/log.h"
#include "delivery/delivery.h"
#include "delivery/mail_sender.h"
#include "delivery/table.h"
#include "delivery/verdict.h"

namespace meterport::delivery {
namespace {

constexpr std::size_t senders = 16;
// Who has many receivers that hang holds up himself, not the other orgs.
constexpr std::ptrdiff_t senders_of_org = 4;
constexpr int due_page = 64;
// The clock may be set (or, in tests, jumped), so due times are looked at this often instead of slept until.
constexpr auto look_pause = std::chrono::milliseconds(100);
constexpr auto store_error_pause = std::chrono::seconds(5);
// Stands for the mail server among the hosts that are busy: no URL has such a host.
constexpr const char* mail_host = "@mail";
constexpr std::string_view mail_scheme = "mailto:";
constexpr const char* gone_reason = "not sent: the receiver answered an earlier callback of this export with 410 Gone";

/// Why a mail will never be sent; empty: it may be.
std::string reason_to_refuse_mail(const std::string& to, const std::string& subject) {
  if (auto fine = check_mail_address(to); !fine) return fine.error().text;
  if (auto fine = check_mail_subject(subject); !fine) return fine.error().text;
  return {};
}

std::unexpected<Error> unknown_delivery() {
  return fail(ErrorKind::not_found, "There is no such delivery.");
}

std::string host_key(const Due& due) {
  return due.is_mail ? mail_host : http::host_of(due.url).value_or(due.url);
}

class StoredOutbox final : public Outbox {
 public:
  StoredOutbox(control::Store& control, Clock& clock, Random& random, const Settings& settings,
               metrics::Registry& metrics, const SigningKeys& keys, http::OutboundSeams seams, http::AddressGuard guard,
               std::optional<MailSender> mail)
      : control_(control),
        clock_(clock),
        random_(random),
        keys_(keys),
        seams_(std::move(seams)),
        guard_(std::move(guard)),
        mail_(std::move(mail)),
        timeout_ms_(settings.number("delivery.timeout") * 1000),
        attempts_max_(static_cast<int>(settings.number("delivery.attempts_max"))),
        metrics_(metrics),
        senders_("delivery-send", senders, senders) {}

  ~StoredOutbox() override {
    is_stopping_ = true;
    wake();
    if (dispatcher_.joinable()) dispatcher_.join();
  }

  void start() override {
    dispatcher_ = std::thread([this] { work(); });
    pthread_setname_np(dispatcher_.native_handle(), "delivery");
  }

  Status enqueue(const NewDelivery& delivery) override {
    Status stored = control_.write([&](soci::session& session) { return enqueue_within(session, delivery); });
    if (stored) wake();
    return stored;
  }

  Status enqueue_within(soci::session& session, const NewDelivery& content) override {
    std::string reason = reason_to_refuse(content.url);
    if (reason.empty() && is_gone(session, content.job_id, content.url)) reason = gone_reason;
    const Delivery delivery = new_delivery(std::move(reason));
    insert_delivery(session, delivery, content, attempts_max_);
    return {};
  }

  Status enqueue_mail_within(soci::session& session, const NewMail& content) override {
    if (!mail_) return {};
    Delivery delivery = new_delivery(reason_to_refuse_mail(content.to, content.subject));
    delivery.job_id = content.job_id;
    delivery.org = content.org;
    delivery.url = std::string(mail_scheme) + content.to;
    insert_mail(session, delivery, content, attempts_max_);
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

  Result<std::vector<Delivery>> page(const PageRequest& request) override {
    return read<std::vector<Delivery>>([&](soci::session& session) { return select_page(session, request); });
  }

  Result<Delivery> get(const std::string& id) override {
    auto found = read<std::optional<Delivery>>([&](soci::session& session) { return select_one(session, id); });
    if (!found) return fail(std::move(found));
    if (!*found) return unknown_delivery();
    return std::move(**found);
  }

  Result<std::vector<Attempt>> attempts_of(const std::string& id) override {
    return read<std::vector<Attempt>>([&](soci::session& session) { return select_attempts(session, id); });
  }

  Status retry(const std::string& id) override {
    Status done = control_.write([&](soci::session& session) -> Status {
      if (make_pending(session, id, clock_.now(), attempts_max_)) return {};
      return unknown_delivery();
    });
    if (done) wake();
    return done;
  }

  const SigningKeys& keys() const override { return keys_; }

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

  /// With an empty reason to refuse it, to be sent at once.
  Delivery new_delivery(std::string reason_to_refuse) {
    Delivery delivery;
    delivery.id = make_id22(random_);
    delivery.created = clock_.now();
    delivery.state = reason_to_refuse.empty() ? "pending" : "refused";
    delivery.last_error = std::move(reason_to_refuse);
    if (!delivery.last_error.empty()) count("refused");
    return delivery;
  }

  void count(const char* outcome) {
    metrics_
        .counter("meterport_delivery_attempts_total", "Attempts to deliver callbacks and mails, by outcome.",
                 {{"outcome", outcome}})
        .add();
  }

  void work() {
    while (!is_stopping_) {
      const Status done = start_due();
      if (!done) {
        log::error("callbacks are held up", {{"why", done.error().text}, {"detail", done.error().detail}});
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, store_error_pause, [this] { return is_stopping_.load(); });
        continue;
      }
      wait_for_work();
    }
  }

  /// Hands out what is due and may be sent now; the end of an attempt wakes the dispatcher for the rest.
  Status start_due() {
    {
      const std::lock_guard lock(mutex_);
      is_poked_ = false;
      // Sent, but not recorded: sending again at once would end the same way.
      if (auto error = std::exchange(record_error_, std::nullopt)) return std::unexpected(std::move(*error));
    }
    const Instant now = clock_.now();
    std::optional<Due> last;
    while (!is_stopping_ && has_free_sender()) {
      auto due = read<std::vector<Due>>(
          [&](soci::session& session) { return select_due(session, now, last ? &*last : nullptr, due_page); });
      if (!due) return fail(std::move(due));
      if (due->empty()) break;
      for (const Due& one : *due) {
        if (auto started = start_one(one); !started) return started;
      }
      last = std::move(due->back());
    }
    auto next = read<std::optional<Instant>>([&](soci::session& session) { return select_next_attempt(session, now); });
    if (!next) return fail(std::move(next));
    next_attempt_ = *next;
    return {};
  }

  bool has_free_sender() {
    const std::lock_guard lock(mutex_);
    return busy_.size() < senders;
  }

  /// Under mutex_.
  bool has_its_share(const std::string& org) const {
    return std::ranges::count(busy_, org, &decltype(busy_)::value_type::second) >= senders_of_org;
  }

  /// Nothing, when all senders are at work, or those that one org may have, or one of them is at that host.
  Status start_one(const Due& due) {
    const std::string host = host_key(due);
    {
      const std::lock_guard lock(mutex_);
      if (busy_.size() >= senders || (!due.is_mail && has_its_share(due.org))) return {};
      if (!busy_.emplace(host, due.is_mail ? std::string() : due.org).second) return {};
    }
    auto sending = read<std::optional<Sending>>([&](soci::session& session) { return select_sending(session, due); });
    const bool is_wanted = sending && *sending;
    const bool is_taken = is_wanted && senders_.submit([this, host, one = std::move(**sending)] {
      Status recorded = attempt(one);
      end_attempt(host, recorded ? std::nullopt : std::optional(std::move(recorded.error())));
    });
    if (!is_taken) end_attempt(host, std::nullopt);
    if (!sending) return fail(std::move(sending));
    return {};
  }

  void end_attempt(const std::string& host, std::optional<Error> record_error) {
    {
      const std::lock_guard lock(mutex_);
      busy_.erase(host);
      if (record_error) record_error_ = std::move(record_error);
    }
    wake();
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

  Answer send_callback(const Sending& due, Instant began) {
    // Asked again: one that was refused may have been told to be sent again.
    if (std::string reason = reason_to_refuse(due.url); !reason.empty()) {
      return {.verdict = Verdict::refused, .error = std::move(reason)};
    }
    const std::int64_t unix_seconds = began.us / Instant::us_per_second;
    http::OutboundRequest request;
    request.url = due.url;
    request.headers = {{"Content-Type", due.content_type},
                       {"webhook-id", due.id},
                       {"webhook-timestamp", std::to_string(unix_seconds)},
                       {"webhook-signature", keys_.signature(due.org, due.id, unix_seconds, due.body)}};
    request.body = due.body;
    request.timeout_ms = timeout_ms_;
    request.cancelled = &is_stopping_;
    return answer_of(http::send_guarded(request, guard_, seams_), clock_.now());
  }

  Answer send_mail(const Sending& due) {
    // The setting was there when the mail was stored: it may be again before the attempts are used up.
    if (!mail_) return {.verdict = Verdict::again, .error = "mail.server is not set"};
    MailContent mail;
    mail.id = due.id;
    mail.created = due.created;
    mail.to = due.url.substr(mail_scheme.size());
    mail.subject = due.subject;
    if (std::string reason = reason_to_refuse_mail(mail.to, mail.subject); !reason.empty()) {
      return {.verdict = Verdict::refused, .error = std::move(reason)};
    }
    mail.text = due.body;
    mail.html = due.html;
    return answer_of(mail_->send(std::move(mail), timeout_ms_, is_stopping_));
  }

  Status attempt(const Sending& due) {
    Attempt made;
    made.number = due.attempts + 1;
    made.began = clock_.now();
    const auto began = std::chrono::steady_clock::now();
    Answer answer = due.is_mail ? send_mail(due) : send_callback(due, made.began);
    if (is_stopping_ && answer.status == 0) return {};
    const auto took = std::chrono::steady_clock::now() - began;
    made.took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    made.status = answer.status;
    made.error = std::move(answer.error);
    const Outcome outcome = judge(due, answer, made);
    log::info(due.is_mail ? "mail attempt" : "callback attempt", {{"delivery", due.id},
                                                                  {"job", due.job_id},
                                                                  {"attempt", made.number},
                                                                  {"status", made.status},
                                                                  {"state", outcome.state},
                                                                  {"error", made.error}});
    return control_.write([&](soci::session& session) -> Status {
      record_attempt(session, due, made, outcome);
      if (answer.verdict == Verdict::gone) {
        for (auto left = refuse_pending(session, due.job_id, due.url, gone_reason); left > 0; --left) count("refused");
      }
      return {};
    });
  }

  Outcome judge(const Sending& due, const Answer& answer, const Attempt& made) {
    Outcome outcome{.state = "delivered", .next_attempt = made.began};
    if (answer.verdict == Verdict::refused) outcome.state = "refused";
    if (answer.verdict == Verdict::final || answer.verdict == Verdict::gone) outcome.state = "failed";
    if (answer.verdict == Verdict::again) {
      outcome.state = made.number >= due.attempts_max ? "failed" : "pending";
      const std::int64_t pause = pause_us(made.number - due.attempts_before, random_);
      outcome.next_attempt = clock_.now().plus_us(std::max(pause, answer.wait_s * Instant::us_per_second));
    }
    count(outcome.state == "pending" ? "retried" : outcome.state.c_str());
    return outcome;
  }

  control::Store& control_;
  Clock& clock_;
  Random& random_;
  SigningKeys keys_;
  http::OutboundSeams seams_;
  http::AddressGuard guard_;
  std::optional<MailSender> mail_;
  std::int64_t timeout_ms_;
  int attempts_max_;
  metrics::Registry& metrics_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_poked_ = false;  ///< under mutex_
  /// Under mutex_: the host of each attempt under way, and the org it is of (a mail's: none).
  std::map<std::string, std::string> busy_;
  std::optional<Error> record_error_;    ///< under mutex_: of an attempt that was not recorded
  std::optional<Instant> next_attempt_;  ///< dispatcher only; of those not due yet; none: there is none
  std::atomic<bool> is_stopping_{false};
  Executor senders_;
  std::thread dispatcher_;  ///< last: uses all above
};

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(control::Store& control, Clock& clock, Random& random,
                                             const Settings& settings, metrics::Registry& metrics,
                                             const SigningKeys& keys, http::OutboundSeams seams) {
  auto guard = http::AddressGuard::make(settings.list("delivery.allowed_ranges"));
  if (!guard) return fail(std::move(guard));
  auto mail = MailSender::make(settings);
  if (!mail) return fail(std::move(mail));
  return std::make_unique<StoredOutbox>(control, clock, random, settings, metrics, keys, std::move(seams),
                                        std::move(*guard), std::move(*mail));
}

}  // namespace meterport::delivery
