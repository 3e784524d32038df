// Errors of a call on this wire (netsuite.md 2.3, 5): status, code and text, and the answer that carries them.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/settings.h"
#include "http/message.h"

namespace meterport::netsuite {

struct CallError {
  int status = 400;
  std::string_view code;
  std::string message;
};

template <class T>
using CallResult = std::expected<T, CallError>;

/// Error::field of a header that says nothing that could be looked up.
inline constexpr std::string_view authorization_field = "Authorization";

/// The code of a core error (crosswalk 3.2). `request` tells the scheme of a refused log-in.
CallError call_error(const http::Request& request, const Error& error);

// What the envelope can break (section 5).
CallError missing_data();
CallError empty_object(std::string_view object);
CallError missing_property(std::string_view property, std::string_view object);
CallError empty_property(std::string_view property);
CallError bad_format(std::string_view property, std::string_view format);
CallError bad_method(std::string_view method);
CallError request_not_found(std::string_view id);

/// Compact JSON; with netsuite.nested_errors the vendor's script form.
http::Response render(const CallError& error, const Settings& settings);
/// For what comes as a core error: adds WWW-Authenticate and Retry-After where they belong, and logs the detail.
http::Response render(const http::Request& request, const Error& error, const Settings& settings);

}  // namespace meterport::netsuite
