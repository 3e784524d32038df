// How the command line reaches the core: through /v1, over HTTP (`--url`) or by calling its routes inside this process
// on a data directory (`--data`). So every command has one shape and one set of checks.
#pragma once

#include <memory>
#include <string>

#include "app/services.h"
#include "base/error.h"
#include "http/message.h"

namespace meterport::app {

struct Target {
  std::string data;    ///< --data
  std::string url;     ///< --url or METERPORT_URL
  std::string key;     ///< --key or METERPORT_API_KEY
  std::string config;  ///< --config
};

class ApiClient {
 public:
  /// invalid: neither or both of data and url.
  static Result<std::unique_ptr<ApiClient>> open(const Target& target);
  virtual ~ApiClient() = default;
  /// Body of a 2xx answer. Others become an Error with the problem's kind and detail.
  virtual Result<std::string> call(http::Method method, const std::string& target, std::string body,
                                   const std::string& content_type) = 0;
  /// Writes the answer's body to a file; bytes written.
  virtual Result<std::uint64_t> download(const std::string& target, const std::string& file) = 0;
  /// The services of `--data`, null for `--url`.
  virtual Services* local() { return nullptr; }

  Result<std::string> get(const std::string& target) { return call(http::Method::get, target, {}, {}); }
  Result<std::string> post(const std::string& target, std::string body) {
    return call(http::Method::post, target, std::move(body), "application/json");
  }
};

/// Settings from `--config`, else all defaults.
Result<Settings> load_settings(const std::string& config_file);
/// Percent-encodes a path segment or query value.
std::string percent_encode(std::string_view text);

}  // namespace meterport::app
