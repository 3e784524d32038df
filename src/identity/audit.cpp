#include "identity/audit.h"

#include <fmt/format.h>
#include <pthread.h>
#include <soci/soci.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ids.h"
#include "base/log.h"

namespace meterport::identity {
namespace {

constexpr std::array<std::string_view, 12> event_names = {
    "login_refused",       "signature_refused",   "call_refused",  "user_created",
    "user_changed",        "password_changed",    "key_created",   "key_revoked",
    "application_created", "application_revoked", "token_created", "token_revoked"};
static_assert(event_names.size() == static_cast<std::size_t>(AuditEvent::token_revoked) + 1);

constexpr std::chrono::milliseconds gather_pause{200};
constexpr std::chrono::milliseconds store_error_pause{2'000};
constexpr std::chrono::minutes prune_interval{10};
constexpr int prune_rows_max = 5'000;  // a delete holds the store's only writer

bool is_refusal(AuditEvent event) {
  return event == AuditEvent::login_refused || event == AuditEvent::signature_refused ||
         event == AuditEvent::call_refused;
}

std::string quoted_list(const std::vector<std::string>& orgs) {
  std::string out;
  for (const std::string& org : orgs) {
    if (!org.empty() && !is_safe_id(org)) continue;
    if (!out.empty()) out += ", ";
    out += '\'' + org + '\'';
  }
  return out;
}

std::string select_statement(const Audit::Filter& filter) {
  std::string sql =
      "SELECT number, time_us, event, org, principal, principal_id, subject, peer, detail FROM audit WHERE number > 0";
  if (filter.before > 0) sql += fmt::format(" AND number < {}", filter.before);
  if (filter.event) sql += fmt::format(" AND event = '{}'", to_string(*filter.event));
  if (filter.orgs) sql += fmt::format(" AND org IN ({})", quoted_list(*filter.orgs));
  return sql + fmt::format(" ORDER BY number DESC LIMIT {}", filter.count_max);
}

}  // namespace

std::string_view to_string(AuditEvent event) {
  return event_names.at(static_cast<std::size_t>(event));
}

std::optional<AuditEvent> parse_audit_event(std::string_view text) {
  const auto it = std::ranges::find(event_names, text);
  if (it == event_names.end()) return std::nullopt;
  return static_cast<AuditEvent>(it - event_names.begin());
}

std::string audit_event_names() {
  return fmt::format("{}", fmt::join(event_names, ", "));
}

Audit::Audit(control::Store& store, Clock& clock, std::int64_t retention_s)
    : store_(store), clock_(clock), retention_s_(retention_s) {}

Audit::~Audit() {
  if (!writer_.joinable()) return;
  writer_.request_stop();
  writer_.join();
  if (const Status stored = flush(); !stored) {
    log::warning("audit entries not stored", {{"detail", stored.error().detail}});
  }
}

Status Audit::load() {
  auto done = store_.read([&](soci::session& sql) -> Status {
    long long last = 0;
    sql << "SELECT COALESCE(MAX(number), 0) FROM audit", soci::into(last);
    last_number_ = static_cast<std::uint64_t>(last);
    return {};
  });
  if (!done) return done;
  writer_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
  pthread_setname_np(writer_.native_handle(), "audit");
  return {};
}

bool Audit::has_room_for(const AuditEntry& entry) {
  if (queue_.size() >= queue_max) return false;
  if (!is_refusal(entry.event)) return true;
  const std::int64_t minute = entry.time.us / (60 * Instant::us_per_second);
  if (minute != minute_) refusals_of_minute_.clear();
  minute_ = minute;
  return ++refusals_of_minute_[entry.org] <= refusals_a_minute_max;
}

void Audit::add(AuditEntry entry) {
  entry.time = clock_.now();
  {
    const std::lock_guard lock(mutex_);
    if (!has_room_for(entry)) {
      ++dropped_;
      return;
    }
    queue_.push_back(std::move(entry));
  }
  wake_.notify_one();
}

void Audit::work(const std::stop_token& stop) {
  auto next_prune = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (std::chrono::steady_clock::now() >= next_prune) {
      if (const Status pruned = prune(); !pruned) {
        log::warning("audit trail not pruned", {{"detail", pruned.error().detail}});
      }
      next_prune = std::chrono::steady_clock::now() + prune_interval;
    }
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait_until(lock, stop, next_prune, [&] { return !queue_.empty() || dropped_ > 0; })) continue;
      wake_.wait_for(lock, stop, gather_pause, [] { return false; });  // what comes together is stored together
    }
    if (stop.stop_requested()) return;
    const Status stored = flush();
    if (stored) continue;
    log::warning("audit entries not stored yet", {{"detail", stored.error().detail}});
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, store_error_pause, [] { return false; });
  }
}

Status Audit::flush() {
  const std::lock_guard writing(writing_mutex_);
  std::vector<AuditEntry> batch;
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(queue_);
    dropped = std::exchange(dropped_, 0);
  }
  if (dropped > 0) log::warning("audit entries lost: too many at once", {{"count", dropped}});
  if (batch.empty()) return {};
  auto stored = insert(batch);
  if (stored) return {};
  const std::lock_guard lock(mutex_);
  queue_.insert(queue_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
  return stored;
}

Status Audit::insert(std::vector<AuditEntry>& batch) {
  std::uint64_t number = last_number_;
  auto stored = store_.write([&](soci::session& sql) -> Status {
    long long row_number = 0, time = 0;
    std::string event;
    AuditEntry row;
    soci::statement statement =
        (sql.prepare << "INSERT INTO audit (number, time_us, event, org, principal, principal_id, subject, peer, "
                        "detail) VALUES (:number, :time, :event, :org, :principal, :id, :subject, :peer, :detail)",
         soci::use(row_number), soci::use(time), soci::use(event), soci::use(row.org), soci::use(row.principal),
         soci::use(row.principal_id), soci::use(row.subject), soci::use(row.peer), soci::use(row.detail));
    for (const AuditEntry& entry : batch) {
      row = entry;
      row_number = static_cast<long long>(++number);
      time = entry.time.us;
      event = to_string(entry.event);
      statement.execute(true);
    }
    return {};
  });
  if (stored) last_number_ = number;
  return stored;
}

Status Audit::prune() {
  const long long oldest = clock_.now().plus_seconds(-retention_s_).us;
  for (long long deleted = prune_rows_max; deleted >= prune_rows_max;) {
    auto done = store_.write([&](soci::session& sql) -> Status {
      // The newest stays, so that no number is given twice.
      soci::statement statement =
          (sql.prepare << "DELETE FROM audit WHERE number IN (SELECT number FROM audit WHERE (time_us < :oldest AND "
                          "number < (SELECT MAX(number) FROM audit)) OR number <= (SELECT MAX(number) FROM audit) - " +
                              std::to_string(entries_max) + " ORDER BY number LIMIT " + std::to_string(prune_rows_max) +
                              ")",
           soci::use(oldest));
      statement.execute(true);
      deleted = statement.get_affected_rows();
      return {};
    });
    if (!done) return done;
  }
  return {};
}

Result<std::vector<AuditEntry>> Audit::latest(const Filter& filter) {
  if (auto stored = flush(); !stored) return fail(std::move(stored));
  std::vector<AuditEntry> out;
  if (filter.orgs && filter.orgs->empty()) return out;
  auto done = store_.read([&](soci::session& sql) -> Status {
    AuditEntry row;
    long long number = 0, time = 0;
    std::string event;
    soci::statement rows =
        (sql.prepare << select_statement(filter), soci::into(number), soci::into(time), soci::into(event),
         soci::into(row.org), soci::into(row.principal), soci::into(row.principal_id), soci::into(row.subject),
         soci::into(row.peer), soci::into(row.detail));
    rows.execute();
    while (rows.fetch()) {
      row.number = static_cast<std::uint64_t>(number);
      row.time = Instant{time};
      const auto known = parse_audit_event(event);
      if (!known) return fail(ErrorKind::internal, "internal error", "the audit trail holds the event " + event);
      row.event = *known;
      out.push_back(row);
    }
    return {};
  });
  if (!done) return fail(std::move(done));
  return out;
}

}  // namespace meterport::identity
