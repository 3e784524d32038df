// One thread with its own io_context, listening socket, connections and clock tick. Internal to http.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "http/asio.h"
#include "http/message.h"
#include "http/server_core.h"

namespace meterport::http {

class Connection;

/// Brings answers from any thread to the connections of one thread. Outlives both: late answers are dropped. Many
/// answers of one moment wake the thread once.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  explicit Mailbox(asio::io_context& io) : io_(&io) {}
  /// No response: the handler dropped its Reply.
  void deliver(std::weak_ptr<Connection> to, std::optional<Response> response);
  /// Nothing is taken any more; afterwards the io_context may go.
  void close();

 private:
  struct Letter {
    std::weak_ptr<Connection> to;
    std::optional<Response> response;
  };
  void hand_out();

  std::mutex mutex_;
  asio::io_context* io_;  ///< null: closed
  std::vector<Letter> letters_;
};

/// Bytes of the server's generator, fetched in larger pieces: one system call for many request ids.
class BufferedRandom final : public Random {
 public:
  explicit BufferedRandom(Random& source) : source_(source), buffer_(4096), used_(buffer_.size()) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  Random& source_;
  std::vector<std::uint8_t> buffer_;
  std::size_t used_;
};

class IoThread {
 public:
  IoThread(ServerCore& core, Random& random);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// With SO_REUSEPORT, so that all threads listen on one port. Before start().
  Status listen(const tcp::endpoint& endpoint);
  [[nodiscard]] tcp::endpoint local_endpoint() const;
  void start(int number);

  // Any thread.
  void stop_accepting();  ///< and closes idle connections; others close after their answer
  void close_all();
  void join();

  // This thread only.
  void add(Connection& connection) { connections_.insert(&connection); }
  void remove(Connection& connection) { connections_.erase(&connection); }
  [[nodiscard]] ServerCore& core() { return core_; }
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  /// The Date header of this second.
  const std::string& date();
  std::string make_request_id();

 private:
  Task<> accept_loop();
  Task<> tick_loop();

  ServerCore& core_;
  asio::io_context io_{1};
  Acceptor acceptor_{io_};
  Timer tick_{io_};
  Timer accept_pause_{io_};
  std::shared_ptr<Mailbox> mailbox_;
  BufferedRandom random_;
  std::time_t date_second_ = 0;
  std::string date_;
  std::unordered_set<Connection*> connections_;
  bool is_ticking_ = true;
  std::thread thread_;
};

}  // namespace meterport::http
