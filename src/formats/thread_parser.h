// Private to formats: simdjson's parser, one per thread, because its buffers are worth keeping between calls.
#pragma once

#include <simdjson.h>

#include <cstddef>

namespace meterport::formats {

/// Borrows the calling thread's parser for a scope; scopes must not nest. After a large text its memory is given back.
class ThreadParser {
 public:
  ThreadParser() = default;
  ~ThreadParser() {
    if (mine().capacity() > capacity_kept_max) mine() = simdjson::ondemand::parser();
  }
  ThreadParser(const ThreadParser&) = delete;
  ThreadParser& operator=(const ThreadParser&) = delete;
  simdjson::ondemand::parser& operator*() const { return mine(); }
  simdjson::ondemand::parser* operator->() const { return &mine(); }

 private:
  static constexpr std::size_t capacity_kept_max = std::size_t{4} << 20;
  static simdjson::ondemand::parser& mine() {
    thread_local simdjson::ondemand::parser parser;
    return parser;
  }
};

}  // namespace meterport::formats
