// For tests: a receiver of callbacks on loopback.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/problem.h"
#include "http/server.h"

namespace meterport::delivery {

/// A receiver that keeps what it is sent and answers as told.
class Receiver {
 public:
  explicit Receiver(const std::string& host = "127.0.0.1") {
    http::Route route;
    route.method = http::Method::post;
    route.path = "/{path...}";
    route.execution = http::Execution::inline_;
    route.errors = http::problem;
    route.handler = [this](const http::Request& request, http::Reply reply) {
      const std::lock_guard lock(mutex_);
      bodies_.emplace_back(std::string(request.header("content-type")) + "|" + request.body);
      requests_.push_back(request);
      arrived_.notify_all();
      if (keeps_waiting_) {
        waiting_.push_back(std::move(reply));
      } else {
        auto response = http::Response::text(status_, "thanks");
        if (!retry_after_.empty()) response.with_header("Retry-After", retry_after_);
        reply(std::move(response));
      }
    };
    router_.add(std::move(route));
    EXPECT_TRUE(settings_.set("server.listen", host + ":0").has_value());
    auto server = http::Server::start(settings_, router_, system_random(), metrics_);
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
  }
  void answer_with(int status, const std::string& retry_after = {}) {
    const std::lock_guard lock(mutex_);
    status_ = status;
    retry_after_ = retry_after;
  }
  /// From now on nothing is answered until let_go().
  void keep_waiting() {
    const std::lock_guard lock(mutex_);
    keeps_waiting_ = true;
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    keeps_waiting_ = false;
    for (http::Reply& reply : waiting_) reply(http::Response::text(status_, "thanks"));
    waiting_.clear();
  }
  void wait_for_bodies(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(arrived_.wait_for(lock, std::chrono::seconds(10), [&] { return bodies_.size() >= count; }));
  }
  std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  /// The latest one.
  http::Request request() {
    const std::lock_guard lock(mutex_);
    return requests_.empty() ? http::Request() : requests_.back();
  }
  std::string url() const { return server_->address() + "/callback"; }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> bodies_;
  std::vector<http::Request> requests_;
  bool keeps_waiting_ = false;
  std::vector<http::Reply> waiting_;
  int status_ = 200;
  std::string retry_after_;
  Settings settings_;
  metrics::Registry metrics_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace meterport::delivery
