#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"

namespace meterport::log {
namespace {

/// A reader that takes nothing for this long loses lines, from then on at once, until it takes one again; that one is
/// told how many.
constexpr int slow_reader_wait_ms = 200;
/// Longer texts are cut, so that a line stays small and a hostile value can't fill the disk.
constexpr std::size_t text_bytes_max = 2'000;

std::atomic<int> output_fd{STDERR_FILENO};
std::atomic<Level> level_min{Level::info};
std::mutex output_mutex;
std::uint64_t lines_dropped = 0;  // guarded by output_mutex

constexpr std::array<std::pair<std::string_view, Level>, 4> levels{
    {{"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}}};

std::string_view to_string(Level level) {
  for (const auto& [name, value] : levels) {
    if (value == level) return name;
  }
  return "error";
}

void append_text(std::string& out, std::string_view text) {
  const bool cut = text.size() > text_bytes_max;
  std::size_t end = cut ? text_bytes_max : text.size();
  // Not in the middle of a UTF-8 sequence: step back over continuation bytes.
  while (cut && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  std::string shown(text.substr(0, end));
  if (!is_utf8(shown)) {
    for (char& c : shown) {
      if (static_cast<unsigned char>(c) >= 0x80U) c = '?';
    }
  }
  if (cut) shown += "...";
  append_json_string(out, shown);
}

std::string make_line(Level level, std::string_view message, std::initializer_list<Field> fields) {
  std::string line = R"({"time":")" + format_rfc3339(system_clock().now()) + R"(","level":")";
  line.append(to_string(level)).append(R"(","msg":)");
  append_text(line, message);
  for (const Field& field : fields) {
    line += ',';
    append_text(line, field.name);
    line += ':';
    if (field.is_number) {
      line += field.text;
    } else {
      append_text(line, field.text);
    }
  }
  line += "}\n";
  return line;
}

bool is_writable(int fd) {
  pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&wait, 1, lines_dropped > 0 ? 0 : slow_reader_wait_ms) > 0;
}

/// One write(2), so that lines of several processes on one pipe or file do not mix.
bool write_line(int fd, const std::string& line) {
  if (!is_writable(fd)) return false;
  ssize_t n = -1;
  do {
    n = ::write(fd, line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  return n == static_cast<ssize_t>(line.size());
}

}  // namespace

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level < level_min.load(std::memory_order_relaxed)) return;
  const std::string line = make_line(level, message, fields);
  const std::lock_guard lock(output_mutex);
  const int fd = output_fd.load(std::memory_order_relaxed);
  if (lines_dropped > 0 && write_line(fd, make_line(Level::warning, "log lines were dropped: the reader was too slow",
                                                    {{"lines", lines_dropped}}))) {
    lines_dropped = 0;
  }
  if (!write_line(fd, line)) ++lines_dropped;
}

void set_level(Level level) {
  level_min.store(level, std::memory_order_relaxed);
}

bool set_level(std::string_view name) {
  for (const auto& [known, level] : levels) {
    if (known != name) continue;
    set_level(level);
    return true;
  }
  return false;
}

void set_output(int fd) {
  const std::lock_guard lock(output_mutex);
  output_fd.store(fd, std::memory_order_relaxed);
}

}  // namespace meterport::log
