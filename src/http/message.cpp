#include "http/message.h"

#include <algorithm>
#include <cstdlib>

#include "http/text.h"

namespace meterport::http {

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      return "other";
  }
  std::abort();
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (same_ignoring_case(known, name)) return value;
  }
  return {};
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [known, value] : query) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string_view Request::bearer() const {
  static constexpr std::string_view scheme = "bearer ";
  std::string_view value = header("authorization");
  if (value.size() < scheme.size() || !same_ignoring_case(value.substr(0, scheme.size()), scheme)) return {};
  value.remove_prefix(scheme.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

}  // namespace meterport::http
