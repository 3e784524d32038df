// For tests: an outbox on a control store of its own, with a clock that can be moved.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "delivery/delivery.h"

namespace meterport::delivery {

class OutboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "delivery_test_XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    auto store = control::open_sqlite(folder_ / "control.sqlite");
    ASSERT_TRUE(store.has_value()) << store.error().text << store.error().detail;
    store_ = std::move(*store);
    ASSERT_TRUE(settings_.set("delivery.allowed_ranges", std::vector<std::string>{"127.0.0.0/8"}).has_value());
    ASSERT_TRUE(settings_.set("delivery.attempts_max", std::int64_t{3}).has_value());
  }
  void TearDown() override {
    outbox_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start() {
    auto outbox = Outbox::open(*store_, clock_, system_random(), settings_, metrics_, keys(), seams_);
    ASSERT_TRUE(outbox.has_value()) << outbox.error().text;
    outbox_ = std::move(*outbox);
    outbox_->start();
  }

  SigningKeys keys() {
    auto keys = SigningKeys::open(system_files(), (folder_ / "keys").string(), system_random());
    EXPECT_TRUE(keys.has_value());
    return std::move(*keys);
  }

  Delivery only(const std::string& job) {
    auto found = outbox_->of_job(job);
    EXPECT_TRUE(found.has_value() && found->size() == 1);
    return found && !found->empty() ? found->front() : Delivery{};
  }

  /// Looks until `is_it` holds, ten seconds at most.
  template <class Condition>
  Delivery wait_until(const std::string& job, Condition is_it) {
    Delivery seen = only(job);
    for (int i = 0; i < 1000 && !is_it(seen); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      seen = only(job);
    }
    EXPECT_TRUE(is_it(seen)) << seen.state << " " << seen.attempts << " " << seen.last_error;
    return seen;
  }
  Delivery wait_for_state(const std::string& job, const std::string& state) {
    return wait_until(job, [&](const Delivery& d) { return d.state == state; });
  }
  Delivery wait_for_attempts(const std::string& job, int attempts) {
    return wait_until(job, [&](const Delivery& d) { return d.attempts == attempts; });
  }

  std::filesystem::path folder_;
  std::unique_ptr<control::Store> store_;
  AdjustableClock clock_;
  Settings settings_;
  http::OutboundSeams seams_ = http::system_seams();
  metrics::Registry metrics_;
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace meterport::delivery
