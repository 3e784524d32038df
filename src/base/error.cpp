#include "base/error.h"

namespace meterport {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_credentials:
      return "bad_credentials";
    case ErrorKind::unauthenticated:
      return "unauthenticated";
    case ErrorKind::forbidden:
      return "forbidden";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::no_such_path:
      return "no_such_path";
    case ErrorKind::method_not_allowed:
      return "method_not_allowed";
    case ErrorKind::unsupported_media:
      return "unsupported_media";
    case ErrorKind::malformed:
      return "malformed";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::range_too_long:
      return "range_too_long";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::too_many_jobs:
      return "too_many_jobs";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::not_ready:
      return "not_ready";
    case ErrorKind::gone:
      return "gone";
    case ErrorKind::rate_limited:
      return "rate_limited";
    case ErrorKind::not_supported:
      return "not_supported";
    case ErrorKind::busy:
      return "busy";
    case ErrorKind::store_unavailable:
      return "store_unavailable";
    case ErrorKind::storage_full:
      return "storage_full";
    case ErrorKind::region_unavailable:
      return "region_unavailable";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

}  // namespace meterport
