#include "http/connection.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "http/problem.h"

namespace meterport::http {
namespace {

constexpr std::size_t inline_body_bytes_max = 16 * 1024;  // copied behind the head: cheaper than a second buffer
constexpr unsigned pipelined_max = 16;                    // requests of one client before others get their turn

struct FileHandle {
  explicit FileHandle(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

class InFlight {
 public:
  explicit InFlight(Probe& probe) : probe_(probe) { probe_.request_began(); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { probe_.request_ended(); }

 private:
  Probe& probe_;
};

Error error_of(ErrorKind kind, std::string text) {
  return {.kind = kind, .text = std::move(text), .detail = {}, .field = {}};
}

}  // namespace

/// What handlers get as Reply. On the connection's thread during the handler's call the answer is simply kept; from
/// anywhere else it goes through the mailbox.
class ReplyHandle {
 public:
  ReplyHandle(std::weak_ptr<Connection> connection, std::shared_ptr<Mailbox> mailbox)
      : connection_(std::move(connection)), mailbox_(std::move(mailbox)), thread_(std::this_thread::get_id()) {}
  ReplyHandle(ReplyHandle&&) noexcept = default;
  ReplyHandle& operator=(ReplyHandle&&) = delete;
  ~ReplyHandle() { deliver(std::nullopt); }
  void operator()(Response response) { deliver(std::move(response)); }

 private:
  void deliver(std::optional<Response> response) {
    const std::shared_ptr<Mailbox> mailbox = std::exchange(mailbox_, nullptr);
    if (!mailbox) return;
    if (thread_ == std::this_thread::get_id()) {
      const auto connection = connection_.lock();
      if (connection && connection->is_calling_handler_) {
        connection->on_reply(std::move(response));
        return;
      }
    }
    mailbox->deliver(std::move(connection_), std::move(response));
  }

  std::weak_ptr<Connection> connection_;
  std::shared_ptr<Mailbox> mailbox_;  ///< null once used
  std::thread::id thread_;
};

Connection::Connection(IoThread& thread, Socket socket)
    : thread_(thread),
      core_(thread.core()),
      stream_(std::move(socket), core_.tls.get()),
      peer_(stream_.peer_address()),
      buffer_(core_.limits.head_bytes_max, '\0') {
  thread_.add(*this);
  core_.probe.connection_opened();
}

Connection::~Connection() {
  thread_.remove(*this);
  core_.probe.connection_closed();
}

Task<> Connection::run() {
  const auto self = shared_from_this();
  enter(Phase::head);
  bool is_going_on = co_await stream_.handshake();
  while (is_going_on) is_going_on = co_await read_head() && co_await serve();
  co_await linger();
  close();
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  phase_began_ms_ = coarse_now_ms();
  phase_bytes_ = 0;
  stream_.note_progress();
}

void Connection::check_time(std::int64_t now_ms) {
  const Limits& limits = core_.limits;
  const std::int64_t elapsed_ms = now_ms - phase_began_ms_;
  const std::int64_t still_ms = now_ms - stream_.last_progress_ms();
  bool is_late = false;
  switch (phase_) {
    case Phase::idle:
      is_late = elapsed_ms > limits.idle_ms;
      break;
    case Phase::head:
      is_late = elapsed_ms > limits.head_ms;
      break;
    case Phase::body:
      is_late = still_ms > limits.idle_ms || elapsed_ms > limits.idle_ms + static_cast<std::int64_t>(phase_bytes_) *
                                                                               1000 / limits.body_bytes_per_second_min;
      break;
    case Phase::handling:
      break;  // the handler's time, not the client's
    case Phase::writing:
      is_late = still_ms > limits.idle_ms;
      break;
    case Phase::draining:
      is_late = elapsed_ms > (current_.unread_body_bytes > 0 ? limits.drain_ms : limits.linger_ms);
      break;
  }
  if (is_late) close();
}

void Connection::close_if_idle() {
  if (phase_ == Phase::idle || phase_ == Phase::head) close();
}

void Connection::close() {
  is_closed_ = true;
  stream_.close();
  if (waiter_) std::exchange(waiter_, nullptr)();
}

Task<bool> Connection::fill_buffer() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  error_code ec;
  const std::size_t n = co_await stream_.read_some({buffer_.data() + end_, buffer_.size() - end_}, ec);
  if (ec || n == 0 || is_closed_) co_return false;
  stream_.note_progress();
  end_ += n;
  co_return true;
}

Task<bool> Connection::read_head() {
  enter(Phase::idle);
  scanner_.reset();
  if (++served_without_pause_ > pipelined_max) {
    served_without_pause_ = 0;
    co_await asio::post(use_task);
  }
  for (;;) {
    if (core_.is_stopping.load(std::memory_order_relaxed)) co_return false;
    const HeadScanner::State state = scanner_.scan(buffered());
    if (state == HeadScanner::State::complete) co_return true;
    if (state == HeadScanner::State::broken) {
      co_return co_await answer_unreadable(
          {.error = error_of(ErrorKind::malformed, "the request is not valid HTTP/1.1"), .status = 400});
    }
    if (end_ - begin_ == buffer_.size()) {
      co_return co_await answer_unreadable(
          {.error = error_of(ErrorKind::too_large,
                             "request line and headers are longer than " + std::to_string(buffer_.size()) + " bytes"),
           .status = 431});
    }
    if (phase_ == Phase::idle && end_ > begin_) enter(Phase::head);
    served_without_pause_ = 0;
    if (!co_await fill_buffer()) co_return false;
  }
}

Task<bool> Connection::answer_unreadable(const Refusal& refusal) {
  current_ = Current{};
  current_.began = std::chrono::steady_clock::now();
  current_.shown.id = thread_.make_request_id();
  current_.unread_body_bytes = 1;
  Response response = problem(current_.shown, refusal.error);
  if (refusal.status != 0) response.status = refusal.status;
  co_return co_await answer(std::move(response));
}

Task<bool> Connection::serve() {
  Head head;
  const auto unreadable = parser_.parse(buffered().substr(0, scanner_.head_bytes()), head);
  begin_ += scanner_.head_bytes();
  const InFlight in_flight(core_.probe);
  if (unreadable) co_return co_await answer_unreadable(*unreadable);

  Request& request = head.request;
  request.id = thread_.make_request_id();
  request.peer = peer_;
  request.origin_ = core_.public_url;
  request.is_tls = core_.tls != nullptr;
  if (request.origin_.empty()) {
    request.origin_.append(core_.tls ? "https://" : "http://").append(request.header("host"));
  }
  Router::Match match = core_.router.match(request.method, head.raw_path);
  request.path_values = std::move(match.path_values);

  current_.shown.method = request.method;
  current_.shown.target = request.target;
  current_.shown.path = request.path;
  current_.shown.id = request.id;
  current_.route = match.route;
  current_.errors = match.errors;
  current_.keep_alive = head.keep_alive;
  current_.is_http_1_0 = head.is_http_1_0;
  current_.unread_body_bytes = head.is_chunked ? 1 : head.content_length.value_or(0);
  current_.began = std::chrono::steady_clock::now();

  BodyBudget::Share body_share(core_.bodies);
  if (auto refusal = admission(head, match, body_share)) {
    current_.shown.headers = std::move(request.headers);
    // A body of unknown length, or one the client holds back until told to go on, cannot be read off cheaply.
    if (head.is_chunked || head.expects_continue || head.refusal) {
      current_.keep_alive = current_.keep_alive && current_.unread_body_bytes == 0;
    }
    co_return co_await refuse(*refusal, match.allow);
  }
  if (current_.unread_body_bytes > 0) {
    const BodyEnd end = co_await read_body(head, body_share);
    if (end.is_lost) co_return false;
    if (end.refused) {
      current_.keep_alive = false;
      current_.shown.headers = std::move(request.headers);
      co_return co_await refuse({.error = *end.refused, .status = 0}, {});
    }
  }
  call_handler(std::move(request));
  co_await wait_for_reply();
  if (is_closed_) co_return false;
  if (!reply_) {
    log::error("a handler gave no answer", {{"request", current_.shown.id}, {"route", current_.route->path}});
    reply_ = render(*current_.errors, current_.shown, error_of(ErrorKind::internal, "the request failed"));
  }
  co_return co_await answer(*std::exchange(reply_, std::nullopt));
}

std::optional<Refusal> Connection::admission(const Head& head, const Router::Match& match,
                                             BodyBudget::Share& share) const {
  if (head.refusal) return head.refusal;
  const auto refused = [](ErrorKind kind, std::string text) {
    return Refusal{.error = error_of(kind, std::move(text)), .status = 0};
  };
  if (match.malformed) return refused(ErrorKind::malformed, "the path has a broken percent sequence");
  if (match.other_method) {
    return refused(ErrorKind::method_not_allowed, "this path does not take that method; it takes " + match.allow);
  }
  if (match.route == nullptr) return refused(ErrorKind::no_such_path, "there is nothing at this path");
  const bool is_full =
      core_.probe.in_flight() > core_.limits.in_flight_max ||
      (core_.blocking.waiting() >= core_.blocking_queue_max && is_blocking(*match.route, head.request));
  if (is_full) return refused(ErrorKind::busy, "too many requests are under way; try again");
  if (current_.unread_body_bytes > 0 && match.route->authorize) {
    if (auto status = match.route->authorize(head.request); !status) {
      return Refusal{.error = std::move(status.error()), .status = 0};
    }
  }
  if (head.content_length.value_or(0) > body_bytes_max(*match.route)) {
    return Refusal{.error = too_large(body_bytes_max(*match.route)), .status = 0};
  }
  if (!share.grow_to(head.content_length.value_or(0))) return Refusal{.error = no_room_for_body(), .status = 0};
  return std::nullopt;
}

Task<bool> Connection::refuse(const Refusal& refusal, const std::string& allow) {
  if (current_.unread_body_bytes > 0 && current_.keep_alive) {
    current_.keep_alive =
        current_.unread_body_bytes <= core_.limits.small_rest_bytes_max && co_await discard(current_.unread_body_bytes);
    if (is_closed_) co_return false;
    if (current_.keep_alive) current_.unread_body_bytes = 0;
  }
  if (current_.unread_body_bytes > 0) current_.keep_alive = false;
  if (refusal.error.kind == ErrorKind::internal) {
    log::error("a request failed", {{"request", current_.shown.id}, {"detail", refusal.error.detail}});
  }
  Response response = render(*current_.errors, current_.shown, refusal.error, allow);
  if (refusal.status != 0) response.status = refusal.status;
  co_return co_await answer(std::move(response));
}

void Connection::call_handler(Request request) {
  enter(Phase::handling);
  has_reply_ = false;
  reply_.reset();
  Reply reply = ReplyHandle(weak_from_this(), thread_.mailbox());
  if (is_blocking(*current_.route, request)) {
    call_blocking(std::move(request), std::move(reply));
    return;
  }
  is_calling_handler_ = true;
  try {
    current_.route->handler(std::move(request), std::move(reply));
  } catch (const std::exception& e) {
    // The Reply died with the call, which answers 500.
    log::error("a handler threw", {{"request", current_.shown.id}, {"what", e.what()}});
  }
  is_calling_handler_ = false;
}

void Connection::call_blocking(Request request, Reply reply) {
  struct Call {
    const Route* route;
    Request request;
    Reply reply;
  };
  const auto call = std::make_shared<Call>(current_.route, std::move(request), std::move(reply));
  const bool is_taken = core_.blocking.submit(
      [call] { call->route->handler(std::move(call->request), std::exchange(call->reply, nullptr)); });
  if (is_taken) return;
  is_calling_handler_ = true;
  current_.shown.headers = std::move(call->request.headers);
  call->reply(render(*current_.errors, current_.shown, error_of(ErrorKind::busy, "the server is busy; try again")));
  is_calling_handler_ = false;
}

void Connection::on_reply(std::optional<Response> response) {
  has_reply_ = true;
  reply_ = std::move(response);
  if (waiter_) std::exchange(waiter_, nullptr)();
}

Task<> Connection::wait_for_reply() {
  if (has_reply_ || is_closed_) co_return;
  co_await asio::async_initiate<const asio::use_awaitable_t<IoExecutor>, void()>(
      [this](auto&& resume) { waiter_ = std::forward<decltype(resume)>(resume); }, use_task);
}

Task<bool> Connection::answer(Response response) {
  enter(Phase::writing);
  const bool is_head = current_.shown.method == Method::head;
  std::optional<FileHandle> file;
  if (response.file && !is_head && !is_bodiless(response.status)) {
    file.emplace(response.file->path);
    if (file->fd < 0) {
      log::error("a file to send does not open",
                 {{"request", current_.shown.id}, {"path", response.file->path}, {"why", std::strerror(errno)}});
      file.reset();
      response = render(*current_.errors, current_.shown, error_of(ErrorKind::internal, "the request failed"));
    }
  }
  const bool is_stream = response.stream && !is_bodiless(response.status);
  const bool stays =
      current_.keep_alive && !core_.is_stopping.load(std::memory_order_relaxed) && !(is_stream && current_.is_http_1_0);
  const std::uint64_t body_bytes = response.file ? response.file->bytes : response.body.size();
  out_.clear();
  append_head(
      out_, response,
      {.body_bytes = body_bytes, .is_stream = is_stream, .keep_alive = stays, .is_http_1_0 = current_.is_http_1_0},
      thread_.date(), current_.shown.id);
  if (is_stream && !is_head) {
    const bool is_whole =
        co_await stream_.write_all(out_) && co_await send_stream(std::move(response.body), *response.stream);
    note_answered(response.status, phase_bytes_);
    co_return is_whole&& stays;
  }
  std::string_view body = response.file || is_head || is_bodiless(response.status) ? std::string_view() : response.body;
  if (body.size() <= inline_body_bytes_max) {
    out_.append(body);
    body = {};
  }
  bool is_sent = co_await stream_.write_all(out_, body);
  if (is_sent && file) is_sent = co_await stream_.send_file(file->fd, response.file->offset, response.file->bytes);
  note_answered(response.status, body_bytes);
  co_return is_sent&& stays;
}

/// In chunks (RFC 9112 7.1); to HTTP/1.0 as it is. False also when the source failed: then the last chunk is missing.
Task<bool> Connection::send_stream(std::string first, BodySource& source) {
  std::string piece = std::move(first);
  for (bool is_more = true; is_more;) {
    if (piece.empty()) {
      auto made = source.next(piece);
      if (!made) {
        log::error("an answer was cut off", {{"request", current_.shown.id}, {"detail", made.error().detail}});
        co_return false;
      }
      is_more = *made;
    }
    if (!piece.empty()) {
      out_.clear();
      if (!current_.is_http_1_0) fmt::format_to(std::back_inserter(out_), "{:x}\r\n", piece.size());
      phase_bytes_ += piece.size();
      if (!current_.is_http_1_0) piece += "\r\n";
      if (!co_await stream_.write_all(out_, piece)) co_return false;
      piece.clear();
    }
    co_await asio::post(use_task);  // others on this thread get their turn
    if (is_closed_) co_return false;
  }
  co_return current_.is_http_1_0 || co_await stream_.write_all("0\r\n\r\n");
}

void Connection::note_answered(int status, std::uint64_t body_bytes) {
  const auto took = std::chrono::steady_clock::now() - current_.began;
  const std::int64_t took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  core_.probe.answered(current_.route, status, took_us);
  if (!core_.writes_access_log) return;
  log::debug("request", {{"request", current_.shown.id},
                         {"method", to_string(current_.shown.method)},
                         {"path", current_.shown.path},
                         {"status", status},
                         {"bytes", body_bytes},
                         {"us", took_us},
                         {"peer", peer_}});
}

Task<> Connection::linger() {
  if (is_closed_) co_return;
  enter(Phase::draining);
  co_await stream_.shutdown_send();
  std::uint64_t drained = 0;
  begin_ = end_ = 0;
  while (drained < core_.limits.drain_bytes_max && co_await fill_buffer()) {
    drained += end_;
    begin_ = end_ = 0;
  }
}

}  // namespace meterport::http
