// For tests: a real server on a free port with routes that show what arrived.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "base/random.h"
#include "base/settings.h"
#include "http/problem.h"
#include "http/raw_client.h"
#include "http/server.h"

namespace meterport::http::testing {

inline Response error_in_dialect_shape(const Request& request, const Error& error) {
  Response response = problem(request, error);
  response.content_type = "application/x-dialect";
  response.body = std::string(to_string(error.kind)) + " at " + request.path;
  return response;
}

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    set("server.listen", std::string("127.0.0.1:0"));
    set("server.threads", std::int64_t{2});
    add(Method::get, "/hello", Execution::inline_,
        [](const Request&, Reply reply) { reply(Response::text(200, "hi")); });
    add(Method::post, "/echo", Execution::inline_,
        [](const Request& request, Reply reply) { reply(Response::text(200, request.body)); });
    add(Method::post, "/blocking/echo", Execution::blocking,
        [](const Request& request, Reply reply) { reply(Response::text(200, request.body)); });
    add(Method::get, "/items/{id}", Execution::inline_,
        [](const Request& request, Reply reply) { reply(Response::text(200, request.path_values.at("id"))); });
  }

  void set(std::string_view name, SettingValue value) {
    ASSERT_TRUE(settings_.set(name, std::move(value)).has_value());
  }

  void add(Method method, std::string path, Execution execution, Handler handler) {
    Route route;
    route.method = method;
    route.path = std::move(path);
    route.execution = execution;
    route.body_bytes_max = 1 << 20;
    route.handler = std::move(handler);
    route.errors = error_in_dialect_shape;
    router_.add(std::move(route));
  }

  void add(Route route) { router_.add(std::move(route)); }

  void start() {
    auto server = Server::start(settings_, router_, system_random(), metrics_);
    ASSERT_TRUE(server.has_value()) << server.error().text;
    server_ = std::move(*server);
  }

  /// Sends `request` on a connection of its own.
  RawAnswer once(std::string_view request) {
    RawClient client(server_->address());
    return client.exchange(request);
  }

  Settings settings_;
  metrics::Registry metrics_;
  Router router_;
  std::unique_ptr<Server> server_;
};

}  // namespace meterport::http::testing
