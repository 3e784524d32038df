// What commands print: progress on stderr (a bar on a terminal, plain lines otherwise), tables on stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meterport::app {

/// Progress of one long piece of work. Nothing is drawn more often than ten times a second.
class ProgressBar {
 public:
  ProgressBar(std::string title, bool is_quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void update(std::uint64_t done, std::uint64_t total, std::string_view note = {});

 private:
  void draw(std::uint64_t done, std::uint64_t total, std::string_view note);
  std::string title_;
  bool is_quiet_;
  bool is_terminal_;
  bool drawn_ = false;
  std::uint64_t last_done_ = 0, last_total_ = 0;
  std::chrono::steady_clock::time_point started_, last_;
};

/// Left-aligned columns, two blanks between; columns named in `right` are right-aligned.
std::string format_table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                         const std::vector<std::size_t>& right = {});
/// 1234567 -> "1,234,567".
std::string with_thousands(std::uint64_t n);

void print_line(std::string_view text);   ///< stdout
void print_error(std::string_view text);  ///< stderr, "meterport: " before it

}  // namespace meterport::app
