// One client connection: reads requests one after another, admits or refuses them, hands them to their handlers and
// writes the answers. Internal to http; lives on its IoThread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/io_thread.h"
#include "http/request_parser.h"
#include "http/response_head.h"
#include "http/stream.h"

namespace meterport::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(IoThread& thread, Socket socket);
  ~Connection();

  Task<> run();
  /// Closes when it is past its time. Called about twice a second.
  void check_time(std::int64_t now_ms);
  void close_if_idle();
  void close();
  /// On the connection's thread. No response: the Reply was dropped.
  void on_reply(std::optional<Response> response);

 private:
  enum class Phase { idle, head, body, handling, writing, draining };
  /// The request under way: what is still needed once the handler has it.
  struct Current {
    Request shown;  ///< method, target, path and id only: for rendering errors; when refused, also the headers
    const Route* route = nullptr;
    const ErrorRenderer* errors = nullptr;
    bool keep_alive = false;
    bool is_http_1_0 = false;
    std::uint64_t unread_body_bytes = 0;  ///< at least 1 when unknown
    std::chrono::steady_clock::time_point began;
  };
  struct BodyEnd {
    bool is_lost = false;  ///< the client went away or broke the framing; no answer is of use
    std::optional<Error> refused;
  };

  void enter(Phase phase);
  [[nodiscard]] std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Task<bool> fill_buffer();
  Task<bool> read_head();
  Task<bool> serve();
  [[nodiscard]] std::optional<Refusal> admission(const Head& head, const Router::Match& match,
                                                 BodyBudget::Share& share) const;
  Task<bool> refuse(const Refusal& refusal, const std::string& allow);
  /// Longest body of the route: its own limit, or that of all bodies together.
  [[nodiscard]] std::size_t body_bytes_max(const Route& route) const;
  Task<BodyEnd> read_body(Head& head, BodyBudget::Share& share);
  Task<BodyEnd> read_sized(std::string& body, std::uint64_t bytes);
  Task<BodyEnd> read_chunks(std::string& body, BodyBudget::Share& share);
  static Error too_large(std::size_t bytes_max);
  static Error no_room_for_body();
  Task<bool> discard(std::uint64_t bytes);
  void call_handler(Request request);
  void call_blocking(Request request, Reply reply);
  Task<> wait_for_reply();
  Task<bool> answer(Response response);
  Task<bool> send_stream(std::string first, BodySource& source);
  Task<bool> answer_unreadable(const Refusal& refusal);
  void note_answered(int status, std::uint64_t body_bytes);
  Task<> linger();

  IoThread& thread_;
  ServerCore& core_;
  Stream stream_;
  std::string peer_;
  RequestParser parser_;
  HeadScanner scanner_;
  std::string buffer_;  ///< of the size of the longest head; [begin_, end_) holds bytes
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;  ///< the head under construction, reused
  Current current_;

  Phase phase_ = Phase::idle;
  std::int64_t phase_began_ms_ = 0;
  std::uint64_t phase_bytes_ = 0;
  bool is_closed_ = false;
  bool is_calling_handler_ = false;
  bool has_reply_ = false;
  std::optional<Response> reply_;
  std::move_only_function<void()> waiter_;
  unsigned served_without_pause_ = 0;

  friend class ReplyHandle;
};

}  // namespace meterport::http
