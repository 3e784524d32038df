// intake_load HOST PORT KEY FIRST COUNT BATCH CONNECTIONS: sends records FIRST.. as NDJSON batches over that many
// connections, closed loop; prints "acked RECORDS seconds S p50_ms A p99_ms B".
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "record_maker.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::string host, port, key;
  std::uint64_t first, count, batch, connections;
};

int connect_to(const Options& o) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(o.host.c_str(), o.port.c_str(), &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, found->ai_socktype, 0);
  const int rc = connect(fd, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return rc == 0 ? fd : -1;
}

bool send_all(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto n = send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

/// Reads one answer; its status, 0 on a broken connection.
int read_answer(int fd, std::string& buffer) {
  buffer.clear();
  char block[65536];
  std::size_t head_end = std::string::npos, need = 0;
  while (head_end == std::string::npos || buffer.size() < need) {
    const auto n = recv(fd, block, sizeof block, 0);
    if (n <= 0) return 0;
    buffer.append(block, static_cast<std::size_t>(n));
    if (head_end == std::string::npos && (head_end = buffer.find("\r\n\r\n")) != std::string::npos) {
      const auto length = buffer.find("Content-Length: ");
      need =
          head_end + 4 + (length == std::string::npos ? 0 : std::strtoull(buffer.c_str() + length + 16, nullptr, 10));
    }
  }
  return std::atoi(buffer.c_str() + 9);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 2;
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  const Options o{argv[1], argv[2], argv[3], number(4), number(5), number(6), number(7)};
  std::atomic<std::uint64_t> next{o.first}, acked{0};
  std::atomic<bool> is_broken{false};
  std::vector<double> latencies_ms;
  std::mutex mutex;
  const auto started = SteadyClock::now();
  const auto work = [&] {
    const int fd = connect_to(o);
    std::string body, request, answer;
    std::vector<double> mine;
    while (fd >= 0) {
      const std::uint64_t from = next.fetch_add(o.batch);
      if (from >= o.first + o.count) break;
      body.clear();
      const std::uint64_t end = std::min(from + o.batch, o.first + o.count);
      for (std::uint64_t n = from; n < end; ++n) bench::append_json(body, bench::make_record(n));
      request =
          "POST /v1/usage HTTP/1.1\r\nHost: bench\r\nPrefer: return=minimal\r\nContent-Type: "
          "application/x-ndjson\r\nAuthorization: Bearer " +
          o.key + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
      request += body;  // one write: two would wait for each other (Nagle, delayed acknowledgement)
      const auto sent = SteadyClock::now();
      if (!send_all(fd, request) || read_answer(fd, answer) != 200) {
        is_broken = true;
        std::fprintf(stderr, "%s\n", answer.substr(0, 400).c_str());
        break;
      }
      mine.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - sent).count());
      acked += end - from;
    }
    if (fd >= 0) close(fd);
    const std::lock_guard lock(mutex);
    latencies_ms.insert(latencies_ms.end(), mine.begin(), mine.end());
  };
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < o.connections; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - started).count();
  std::sort(latencies_ms.begin(), latencies_ms.end());
  const auto at = [&](double q) {
    return latencies_ms.empty()
               ? 0.0
               : latencies_ms[static_cast<std::size_t>(q * static_cast<double>(latencies_ms.size() - 1))];
  };
  std::printf("acked %llu seconds %.3f p50_ms %.2f p99_ms %.2f\n", static_cast<unsigned long long>(acked.load()),
              seconds, at(0.5), at(0.99));
  return is_broken ? 1 : 0;
}
