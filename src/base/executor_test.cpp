#include "base/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace meterport {
namespace {

TEST(Executor, RunsWhatItTookBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    Executor pool("test", 3, 1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.submit([&] { ++done; }));
  }
  EXPECT_EQ(done, 1000);
}

TEST(Executor, RefusesOverItsBoundAndTakesAgainAfterwards) {
  std::promise<void> started;
  std::promise<void> gate;
  std::promise<void> ran_later;
  Executor pool("test", 1, 2);
  ASSERT_TRUE(pool.submit([&] {
    started.set_value();
    gate.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
  EXPECT_TRUE(pool.submit([&] { ran_later.set_value(); }));
  EXPECT_EQ(pool.waiting(), 2U);
  EXPECT_FALSE(pool.submit([] { FAIL() << "was not taken"; }));
  gate.set_value();
  ran_later.get_future().wait();
  EXPECT_TRUE(pool.submit([] {}));
}

TEST(Executor, SurvivesATaskThatThrows) {
  std::promise<void> next;
  Executor pool("test", 1, 10);
  ASSERT_TRUE(pool.submit([] { throw std::runtime_error("a defect"); }));
  ASSERT_TRUE(pool.submit([&] { next.set_value(); }));
  next.get_future().wait();
}

}  // namespace
}  // namespace meterport
