#include "app/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace meterport::app {
namespace {
using SteadyClock = std::chrono::steady_clock;
constexpr auto redraw_pause = std::chrono::milliseconds(100);
constexpr auto plain_line_pause = std::chrono::seconds(2);
}  // namespace

ProgressBar::ProgressBar(std::string title, bool is_quiet)
    : title_(std::move(title)),
      is_quiet_(is_quiet),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      started_(SteadyClock::now()),
      last_(started_) {}

ProgressBar::~ProgressBar() {
  if (!drawn_) return;
  draw(last_done_, last_total_, {});
  if (is_terminal_) std::fputc('\n', stderr);
}

void ProgressBar::update(std::uint64_t done, std::uint64_t total, std::string_view note) {
  last_done_ = done;
  last_total_ = total;
  if (is_quiet_) return;
  const auto now = SteadyClock::now();
  if (now - last_ < (is_terminal_ ? SteadyClock::duration(redraw_pause) : SteadyClock::duration(plain_line_pause)))
    return;
  last_ = now;
  draw(done, total, note);
}

void ProgressBar::draw(std::uint64_t done, std::uint64_t total, std::string_view note) {
  drawn_ = true;
  const double share = total == 0 ? 0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto seconds = std::chrono::duration<double>(SteadyClock::now() - started_).count();
  const std::string left =
      share > 0.01 && share < 1 ? fmt::format(", {:.0f} s left", seconds / share - seconds) : std::string();
  if (!is_terminal_) {
    fmt::print(stderr, "{}: {} of {} ({:.0f} %{}){}{}\n", title_, with_thousands(done), with_thousands(total),
               share * 100, left, note.empty() ? "" : " ", note);
    return;
  }
  constexpr int width = 30;
  const int filled = static_cast<int>(share * width);
  fmt::print(stderr, "\r{} [{:█<{}}{:<{}}] {:3.0f} % {}{} {}\x1b[K", title_, "", filled, "", width - filled,
             share * 100, with_thousands(done), left, note);
  std::fflush(stderr);
}

std::string with_thousands(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                         const std::vector<std::size_t>& right) {
  std::vector<std::size_t> widths(header.size());
  for (std::size_t c = 0; c < header.size(); ++c) {
    widths[c] = header[c].size();
    for (const auto& row : rows) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  const auto append_row = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const bool is_right = std::find(right.begin(), right.end(), c) != right.end();
      line += is_right ? fmt::format("{:>{}}  ", row[c], widths[c]) : fmt::format("{:<{}}  ", row[c], widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  };
  append_row(header);
  for (const auto& row : rows) append_row(row);
  return out;
}

void print_line(std::string_view text) {
  fmt::print("{}\n", text);
}
void print_error(std::string_view text) {
  fmt::print(stderr, "meterport: {}\n", text);
}

}  // namespace meterport::app
