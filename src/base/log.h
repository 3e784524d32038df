// Structured log: one JSON object a line on stderr (or a file), written by one thread at a time, never blocking
// on a slow reader for long: such a reader loses lines and is told how many. The process must ignore SIGPIPE.
// Secrets never reach it: callers pass ids, not credentials.
//
//   log::info("export finished", {{"job", id}, {"rows", rows}});
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace meterport::log {

enum class Level { debug, info, warning, error };

struct Field {
  Field(std::string_view n, std::string_view v) : name(n), text(v) {}
  Field(std::string_view n, const char* v) : name(n), text(v) {}
  Field(std::string_view n, const std::string& v) : name(n), text(v) {}
  Field(std::string_view n, std::int64_t v) : name(n), text(std::to_string(v)), is_number(true) {}
  Field(std::string_view n, std::uint64_t v) : name(n), text(std::to_string(v)), is_number(true) {}
  Field(std::string_view n, int v) : name(n), text(std::to_string(v)), is_number(true) {}
  Field(std::string_view n, unsigned v) : name(n), text(std::to_string(v)), is_number(true) {}
  std::string name;
  std::string text;
  bool is_number = false;
};

void write(Level level, std::string_view message, std::initializer_list<Field> fields);
/// Lines below this level are dropped. Default info.
void set_level(Level level);
/// "debug", "info", "warning", "error"; false: none of them.
bool set_level(std::string_view name);
/// Redirects from stderr to a file descriptor (tests, `serve --log-file`).
void set_output(int fd);

inline void debug(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::debug, m, f);
}
inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::info, m, f);
}
inline void warning(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::warning, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::error, m, f);
}

}  // namespace meterport::log
