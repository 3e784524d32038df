#include "delivery/table.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <limits>
#include <string_view>

#include "base/ids.h"

namespace meterport::delivery {
namespace {

constexpr const char* delivery_columns =
    "id, job_id, org, url, state, attempts, created_us, next_attempt_us, last_status, last_error, kind";

constexpr std::string_view mail_kind = "mail";

Delivery delivery_of(const soci::row& row) {
  Delivery d;
  d.id = row.get<std::string>(0);
  d.job_id = row.get<std::string>(1);
  d.org = row.get<std::string>(2);
  d.url = row.get<std::string>(3);
  d.state = row.get<std::string>(4);
  d.attempts = static_cast<int>(row.get<long long>(5));
  d.created = Instant{row.get<long long>(6)};
  d.next_attempt = Instant{row.get<long long>(7)};
  d.last_status = static_cast<int>(row.get<long long>(8));
  d.last_error = row.get<std::string>(9);
  d.is_mail = row.get<std::string>(10) == mail_kind;
  return d;
}

/// As an SQL list. Ids in the catalogue are safe ids; anything else has no deliveries.
std::string quoted_list(const std::vector<std::string>& ids) {
  std::string out = "''";
  for (const std::string& id : ids) {
    if (is_safe_id(id)) out += ", '" + id + '\'';
  }
  return out;
}

}  // namespace

void insert_delivery(soci::session& session, const Delivery& delivery, const NewDelivery& content, int attempts_max) {
  const long long created_us = delivery.created.us;
  session << "INSERT INTO deliveries (id, job_id, org, url, content_type, body, state, attempts, attempts_max,"
             " created_us, next_attempt_us, last_status, last_error)"
             " VALUES (:id, :job, :org, :url, :type, :body, :state, 0, :max, :created, :next, 0, :error)",
      soci::use(delivery.id, "id"), soci::use(content.job_id, "job"), soci::use(content.org, "org"),
      soci::use(content.url, "url"), soci::use(content.content_type, "type"), soci::use(content.body, "body"),
      soci::use(delivery.state, "state"), soci::use(attempts_max, "max"), soci::use(created_us, "created"),
      soci::use(created_us, "next"), soci::use(delivery.last_error, "error");
}

void insert_mail(soci::session& session, const Delivery& delivery, const NewMail& content, int attempts_max) {
  const long long created_us = delivery.created.us;
  session << "INSERT INTO deliveries (id, job_id, org, url, content_type, body, state, attempts, attempts_max,"
             " created_us, next_attempt_us, last_status, last_error, kind, subject, html)"
             " VALUES (:id, :job, :org, :url, '', :body, :state, 0, :max, :created, :next, 0, :error, 'mail',"
             " :subject, :html)",
      soci::use(delivery.id, "id"), soci::use(delivery.job_id, "job"), soci::use(delivery.org, "org"),
      soci::use(delivery.url, "url"), soci::use(content.text, "body"), soci::use(delivery.state, "state"),
      soci::use(attempts_max, "max"), soci::use(created_us, "created"), soci::use(created_us, "next"),
      soci::use(delivery.last_error, "error"), soci::use(content.subject, "subject"), soci::use(content.html, "html");
}

std::vector<Due> select_due(soci::session& session, Instant now, const Due* after, int count) {
  const long long now_us = now.us;
  const long long after_us = after == nullptr ? std::numeric_limits<long long>::min() : after->next_attempt.us;
  const std::string after_id = after == nullptr ? "" : after->id;
  const soci::rowset<soci::row> rows =
      (session.prepare << "SELECT id, url, kind, next_attempt_us, org FROM deliveries WHERE state = 'pending'"
                          " AND next_attempt_us <= :now AND (next_attempt_us, id) > (:after, :id)"
                          " ORDER BY next_attempt_us, id LIMIT :n",
       soci::use(now_us, "now"), soci::use(after_us, "after"), soci::use(after_id, "id"), soci::use(count, "n"));
  std::vector<Due> due;
  for (const soci::row& row : rows) {
    due.push_back({.id = row.get<std::string>(0),
                   .url = row.get<std::string>(1),
                   .org = row.get<std::string>(4),
                   .is_mail = row.get<std::string>(2) == mail_kind,
                   .next_attempt = Instant{row.get<long long>(3)}});
  }
  return due;
}

std::optional<Sending> select_sending(soci::session& session, const Due& due) {
  const long long next_us = due.next_attempt.us;
  const soci::rowset<soci::row> rows =
      (session.prepare << "SELECT id, job_id, url, content_type, body, kind, subject, html, created_us, attempts,"
                          " attempts_max, attempts_before, org FROM deliveries WHERE id = :id AND state = 'pending' "
                          "AND next_attempt_us = :next",
       soci::use(due.id, "id"), soci::use(next_us, "next"));
  for (const soci::row& row : rows) {
    return Sending{.id = row.get<std::string>(0),
                   .job_id = row.get<std::string>(1),
                   .org = row.get<std::string>(12),
                   .url = row.get<std::string>(2),
                   .content_type = row.get<std::string>(3),
                   .body = row.get<std::string>(4),
                   .is_mail = row.get<std::string>(5) == mail_kind,
                   .subject = row.get<std::string>(6),
                   .html = row.get<std::string>(7),
                   .created = Instant{row.get<long long>(8)},
                   .due = due.next_attempt,
                   .attempts = static_cast<int>(row.get<long long>(9)),
                   .attempts_before = static_cast<int>(row.get<long long>(11)),
                   .attempts_max = static_cast<int>(row.get<long long>(10))};
  }
  return std::nullopt;
}

std::optional<Instant> select_next_attempt(soci::session& session, Instant now) {
  const long long now_us = now.us;
  long long next_us = 0;
  soci::indicator indicator = soci::i_null;
  session << "SELECT MIN(next_attempt_us) FROM deliveries WHERE state = 'pending' AND next_attempt_us > :now",
      soci::use(now_us, "now"), soci::into(next_us, indicator);
  if (indicator == soci::i_null) return std::nullopt;
  return Instant{next_us};
}

void record_attempt(soci::session& session, const Sending& sent, const Attempt& attempt, const Outcome& outcome) {
  const long long began_us = attempt.began.us;
  const long long took_us = attempt.took_us;
  const long long next_us = outcome.next_attempt.us;
  const long long due_us = sent.due.us;
  std::string known;
  // Another time than the one it was sent for: it was told to be sent again meanwhile.
  session << "UPDATE deliveries SET attempts = :number, last_status = :status, last_error = :error,"
             " state = CASE WHEN next_attempt_us = :due THEN :state ELSE state END,"
             " attempts_before = CASE WHEN next_attempt_us = :due THEN attempts_before ELSE :number END,"
             " attempts_max = CASE WHEN next_attempt_us = :due THEN attempts_max ELSE attempts_max + 1 END,"
             " next_attempt_us = CASE WHEN next_attempt_us = :due THEN :next ELSE next_attempt_us END"
             " WHERE id = :id RETURNING id",
      soci::use(attempt.number, "number"), soci::use(attempt.status, "status"), soci::use(attempt.error, "error"),
      soci::use(due_us, "due"), soci::use(outcome.state, "state"), soci::use(next_us, "next"), soci::use(sent.id, "id"),
      soci::into(known);
  if (known.empty()) return;
  session << "INSERT INTO delivery_attempts (delivery_id, number, began_us, took_us, status, error)"
             " VALUES (:id, :number, :began, :took, :status, :error)",
      soci::use(sent.id, "id"), soci::use(attempt.number, "number"), soci::use(began_us, "began"),
      soci::use(took_us, "took"), soci::use(attempt.status, "status"), soci::use(attempt.error, "error");
}

void delete_of_job(soci::session& session, const std::string& job_id) {
  session << "DELETE FROM delivery_attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE job_id = :job)",
      soci::use(job_id, "job");
  session << "DELETE FROM deliveries WHERE job_id = :job", soci::use(job_id, "job");
}

std::vector<Delivery> select_of_job(soci::session& session, const std::string& job_id) {
  const soci::rowset<soci::row> rows =
      (session.prepare << "SELECT " << delivery_columns
                       << " FROM deliveries WHERE job_id = :job ORDER BY created_us, id",
       soci::use(job_id, "job"));
  std::vector<Delivery> found;
  for (const soci::row& row : rows) found.push_back(delivery_of(row));
  return found;
}

std::optional<Delivery> select_one(soci::session& session, const std::string& id) {
  const soci::rowset<soci::row> rows =
      (session.prepare << "SELECT " << delivery_columns << " FROM deliveries WHERE id = :id", soci::use(id, "id"));
  for (const soci::row& row : rows) return delivery_of(row);
  return std::nullopt;
}

std::vector<Delivery> select_page(soci::session& session, const PageRequest& request) {
  std::string where = "(created_us, id) < (:before, :after)";
  if (request.orgs) where += fmt::format(" AND org IN ({})", quoted_list(*request.orgs));
  if (!request.job_id.empty()) where += " AND job_id = :job";
  if (!request.state.empty()) where += " AND state = :state";
  long long before_us = std::numeric_limits<long long>::max();
  if (!request.after.empty()) {
    const auto last = select_one(session, request.after);
    if (!last) return {};
    before_us = last->created.us;
  }
  soci::details::prepare_temp_type query =
      (session.prepare << "SELECT " << delivery_columns << " FROM deliveries WHERE " << where
                       << " ORDER BY created_us DESC, id DESC LIMIT " << request.count_max,
       soci::use(before_us, "before"), soci::use(request.after, "after"));
  if (!request.job_id.empty()) query, soci::use(request.job_id, "job");
  if (!request.state.empty()) query, soci::use(request.state, "state");
  const soci::rowset<soci::row> rows = query;
  std::vector<Delivery> found;
  for (const soci::row& row : rows) found.push_back(delivery_of(row));
  return found;
}

bool is_gone(soci::session& session, const std::string& job_id, const std::string& url) {
  int count = 0;
  session << "SELECT COUNT(*) FROM deliveries WHERE job_id = :job AND url = :url AND state = 'failed'"
             " AND last_status = 410 AND kind <> 'mail'",
      soci::use(job_id, "job"), soci::use(url, "url"), soci::into(count);
  return count > 0;
}

std::size_t refuse_pending(soci::session& session, const std::string& job_id, const std::string& url,
                           const std::string& reason) {
  soci::statement statement = (session.prepare << "UPDATE deliveries SET state = 'refused', last_error = :reason"
                                                  " WHERE job_id = :job AND url = :url AND state = 'pending'",
                               soci::use(reason, "reason"), soci::use(job_id, "job"), soci::use(url, "url"));
  statement.execute(true);
  return static_cast<std::size_t>(statement.get_affected_rows());
}

std::vector<Attempt> select_attempts(soci::session& session, const std::string& id) {
  const soci::rowset<soci::row> rows =
      (session.prepare << "SELECT number, began_us, took_us, status, error FROM delivery_attempts"
                          " WHERE delivery_id = :id ORDER BY number",
       soci::use(id, "id"));
  std::vector<Attempt> attempts;
  for (const soci::row& row : rows) {
    attempts.push_back({.number = static_cast<int>(row.get<long long>(0)),
                        .began = Instant{row.get<long long>(1)},
                        .took_us = row.get<long long>(2),
                        .status = static_cast<int>(row.get<long long>(3)),
                        .error = row.get<std::string>(4)});
  }
  return attempts;
}

bool make_pending(soci::session& session, const std::string& id, Instant now, int more_attempts) {
  const long long now_us = now.us;
  std::string changed;
  session << "UPDATE deliveries SET state = 'pending', next_attempt_us = :now, attempts_before = attempts,"
             " attempts_max = attempts + :more WHERE id = :id RETURNING id",
      soci::use(now_us, "now"), soci::use(more_attempts, "more"), soci::use(id, "id"), soci::into(changed);
  return !changed.empty();
}

}  // namespace meterport::delivery
