#include "app/api_client.h"

#include <fmt/format.h>

#include <future>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "http/client.h"
#include "http/url.h"

namespace meterport::app {
namespace {

/// An answer that is no success, as an Error: the problem's code and detail where it is one.
Error error_of(int status, const std::string& body) {
  Error error{ErrorKind::internal, fmt::format("the server answered {}: {}", status, body.substr(0, 200)), {}, {}};
  const auto problem = nlohmann::json::parse(body, nullptr, false);
  if (problem.is_object()) {
    error.text = problem.value("detail", error.text);
    error.field = problem.value("field", "");
  }
  if (status == 400) error.kind = ErrorKind::invalid;
  if (status == 401) error.kind = ErrorKind::unauthenticated;
  if (status == 403) error.kind = ErrorKind::forbidden;
  if (status == 404) error.kind = ErrorKind::not_found;
  if (status == 409) error.kind = ErrorKind::conflict;
  if (status == 429 || status == 503) error.kind = ErrorKind::busy;
  return error;
}

Result<std::uint64_t> copy_file(const http::FileBody& from, const std::string& to) {
  FileSystem& files = system_files();
  auto source = files.open(from.path, OpenMode::read);
  if (!source) return fail(std::move(source));
  if (files.exists(to)) {
    if (auto s = files.remove(to); !s) return fail(std::move(s));
  }
  auto sink = files.open(to, OpenMode::create_new);
  if (!sink) return fail(std::move(sink));
  std::string block(1 << 20, '\0');
  std::uint64_t done = 0;
  while (done < from.bytes) {
    const auto want = std::min<std::uint64_t>(block.size(), from.bytes - done);
    auto n = (*source)->read_at(from.offset + done, std::span(block.data(), want));
    if (!n) return fail(std::move(n));
    if (*n == 0) return fail(ErrorKind::internal, from.path + " ended early");
    if (auto s = (*sink)->write_at(done, std::string_view(block.data(), *n)); !s) return fail(std::move(s));
    done += *n;
  }
  if (auto s = (*sink)->sync(); !s) return fail(std::move(s));
  return done;
}

/// A request as the server would have read it from a socket. `target` comes from our own commands.
http::Request local_request(http::Method method, const std::string& target) {
  http::Request request;
  request.method = method;
  request.target = target;
  const auto question = target.find('?');
  request.path = http::percent_decode(target.substr(0, question)).value_or(target);
  if (question != std::string::npos) {
    if (auto query = http::parse_query(std::string_view(target).substr(question + 1)))
      request.query = std::move(*query);
  }
  return request;
}

class LocalClient final : public ApiClient {
 public:
  LocalClient(std::unique_ptr<Services> services) : services_(std::move(services)) {
    services_->add_routes(router_);
    services_->exports().start();
  }

  Result<std::string> call(http::Method method, const std::string& target, std::string body,
                           const std::string& content_type) override {
    auto answer = dispatch(method, target, std::move(body), content_type);
    if (answer.status / 100 != 2) return std::unexpected(error_of(answer.status, answer.body));
    if (answer.stream) {
      for (bool is_more = true; is_more;) {
        std::string piece;
        auto made = answer.stream->next(piece);
        if (!made) return fail(std::move(made));
        answer.body += piece;
        is_more = *made;
      }
    }
    return std::move(answer.body);
  }

  Result<std::uint64_t> download(const std::string& target, const std::string& file) override {
    auto answer = dispatch(http::Method::get, target, {}, {});
    if (answer.status / 100 != 2) return std::unexpected(error_of(answer.status, answer.body));
    if (answer.file) return copy_file(*answer.file, file);
    if (auto s = replace_file(system_files(), file, answer.body); !s) return fail(std::move(s));
    return answer.body.size();
  }

  Services* local() override { return services_.get(); }

 private:
  http::Response dispatch(http::Method method, const std::string& target, std::string body,
                          const std::string& content_type) {
    http::Request request = local_request(method, target);
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    request.body = std::move(body);
    request.id = make_id22(system_random());
    request.local = &principal_;
    const auto match = router_.match(method, target.substr(0, target.find('?')));
    if (match.route == nullptr) return http::Response::json(404, "{}");
    request.path_values = match.path_values;
    std::promise<http::Response> answer;
    auto future = answer.get_future();
    match.route->handler(std::move(request), [&answer](http::Response r) { answer.set_value(std::move(r)); });
    return future.get();
  }

  Principal principal_ = server_principal();
  std::unique_ptr<Services> services_;
  http::Router router_;
};

class RemoteClient final : public ApiClient {
 public:
  RemoteClient(std::string url, std::string key) : url_(std::move(url)), key_(std::move(key)) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  Result<std::string> call(http::Method method, const std::string& target, std::string body,
                           const std::string& content_type) override {
    auto request = prepare(method, target);
    request.body = std::move(body);
    if (!content_type.empty()) request.headers.emplace_back("Content-Type", content_type);
    auto answer = http::send_plain(request);
    if (!answer) return fail(std::move(answer));
    if (answer->status / 100 != 2) return std::unexpected(error_of(answer->status, answer->body));
    return std::move(answer->body);
  }

  Result<std::uint64_t> download(const std::string& target, const std::string& file) override {
    auto answer = http::download_plain(prepare(http::Method::get, target), file);
    if (!answer) return fail(std::move(answer));
    if (answer->status / 100 != 2) return std::unexpected(error_of(answer->status, answer->body));
    auto opened = system_files().open(file, OpenMode::read);
    if (!opened) return fail(std::move(opened));
    return (*opened)->size();
  }

 private:
  http::OutboundRequest prepare(http::Method method, const std::string& target) const {
    http::OutboundRequest request;
    request.method = std::string(http::to_string(method));
    request.url = url_ + target;
    request.timeout_ms = 3'600'000;  // an import answers when it is done
    if (!key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + key_);
    return request;
  }
  std::string url_, key_;
};

}  // namespace

Result<Settings> load_settings(const std::string& config_file) {
  if (config_file.empty()) return Settings();
  auto text = read_file(system_files(), config_file);
  if (!text) return fail(ErrorKind::invalid, config_file + " can't be read", text.error().detail);
  return Settings::parse_toml(*text, config_file);
}

Result<std::unique_ptr<ApiClient>> ApiClient::open(const Target& target) {
  if (!target.data.empty()) {
    auto settings = load_settings(target.config);
    if (!settings) return fail(std::move(settings));
    auto services = Services::open(target.data, std::move(*settings));
    if (!services) return fail(std::move(services));
    return std::unique_ptr<ApiClient>(std::make_unique<LocalClient>(std::move(*services)));
  }
  if (target.url.empty()) {
    return fail(
        ErrorKind::invalid,
        "say which server: --data DIR (offline) or --url URL with --key KEY (or METERPORT_URL and METERPORT_API_KEY)");
  }
  return std::unique_ptr<ApiClient>(std::make_unique<RemoteClient>(target.url, target.key));
}

std::string percent_encode(std::string_view text) {
  return http::percent_encode(text);
}

}  // namespace meterport::app
