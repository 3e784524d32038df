// Errors are values. A fallible call returns Result<T> (or Status); dropping one does not compile.
//
// An Error keeps three things apart: the kind (which every wire maps to its own status and code, see
// the table in http/ and the dialects), a text that is safe to show to a caller, and a detail for the log only.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace meterport {

/// What went wrong with a call, in the core's words. Client errors come before server errors. Every
/// dialect maps each value in a switch without default, so a new kind fails to build until all have it.
enum class ErrorKind {
  bad_credentials,
  unauthenticated,
  forbidden,
  not_found,
  no_such_path,
  method_not_allowed,
  unsupported_media,
  malformed,
  invalid,
  range_too_long,
  too_large,
  too_many_jobs,
  conflict,
  not_ready,
  gone,
  rate_limited,
  not_supported,
  busy,
  store_unavailable,
  storage_full,
  region_unavailable,
  internal,
};

/// The kind's name as the Meterport API prints it, e.g. "not_found".
std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string text;    ///< public: names the field, the value's problem and what is allowed
  std::string detail;  ///< internal: for the log, never on a wire
  std::string field;   ///< the field or JSON pointer at fault, may be empty
};

template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Status = Result<void>;

/// `return fail(ErrorKind::invalid, "to: must be after from", {}, "to");`
inline std::unexpected<Error> fail(ErrorKind kind, std::string text, std::string detail = {}, std::string field = {}) {
  return std::unexpected(Error{kind, std::move(text), std::move(detail), std::move(field)});
}

/// Passes an error of one Result on as that of another: `if (!r) return fail(std::move(r));`
template <class T>
std::unexpected<Error> fail(Result<T>&& result) {
  return std::unexpected(std::move(result.error()));
}
template <class T>
std::unexpected<Error> fail(const Result<T>& result) {
  return std::unexpected(result.error());
}

}  // namespace meterport
