#include "base/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace meterport::metrics {
namespace {

TEST(Registry, ExposesPrometheusTextGroupedByName) {
  Registry registry;
  registry.counter("meterport_batches_total", "Batches by end.", {{"end", "stored"}}).add(3);
  registry.gauge("meterport_queue", "Waiting.", [] { return 2.5; });
  registry.counter("meterport_batches_total", "Batches by end.", {{"end", "refused"}}).add();
  EXPECT_EQ(registry.expose(),
            "# HELP meterport_batches_total Batches by end.\n"
            "# TYPE meterport_batches_total counter\n"
            "meterport_batches_total{end=\"stored\"} 3\n"
            "meterport_batches_total{end=\"refused\"} 1\n"
            "# HELP meterport_queue Waiting.\n"
            "# TYPE meterport_queue gauge\n"
            "meterport_queue 2.5\n");
}

TEST(Registry, GivesTheSameCounterForTheSameNameAndLabels) {
  Registry registry;
  Counter& first = registry.counter("c_total", "C.", {{"a", "1"}});
  EXPECT_EQ(&first, &registry.counter("c_total", "C.", {{"a", "1"}}));
  EXPECT_NE(&first, &registry.counter("c_total", "C.", {{"a", "2"}}));
  registry.gauge("g", "G.", [] { return 1.0; });
  registry.gauge("g", "G.", [] { return 2.0; });
  EXPECT_NE(registry.expose().find("\ng 2\n"), std::string::npos);
}

TEST(Registry, HistogramBucketsAreCumulativeAndInSeconds) {
  Registry registry;
  Histogram& took = registry.histogram_seconds("took_seconds", "Took.", {{"route", "/v1/usage"}});
  took.observe_us(500);  // a bound belongs to its bucket
  took.observe_us(501);
  took.observe_us(90'000'000);
  took.observe_us(-5);
  const std::string text = registry.expose();
  EXPECT_NE(text.find("# TYPE took_seconds histogram\n"), std::string::npos);
  EXPECT_NE(text.find("took_seconds_bucket{route=\"/v1/usage\",le=\"0.0005\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_bucket{route=\"/v1/usage\",le=\"0.001\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_bucket{route=\"/v1/usage\",le=\"60\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_bucket{route=\"/v1/usage\",le=\"+Inf\"} 4\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_sum{route=\"/v1/usage\"} 90.001001\n"), std::string::npos) << text;
  EXPECT_NE(text.find("took_seconds_count{route=\"/v1/usage\"} 4\n"), std::string::npos) << text;
}

TEST(Registry, EscapesLabelsAndHelp) {
  Registry registry;
  registry.counter("c_total", "A \\ and\na \"line\".", {{"path", "a\"b\\c\nd"}});
  EXPECT_EQ(registry.expose(),
            "# HELP c_total A \\\\ and\\na \"line\".\n# TYPE c_total counter\nc_total{path=\"a\\\"b\\\\c\\nd\"} 0\n");
}

TEST(Registry, AScrapeMayMeetRegistrationAndCounting) {
  Registry registry;
  Counter& counter = registry.counter("c_total", "C.");
  // A gauge that registers something itself must not dead-lock.
  registry.gauge("g", "G.", [&] { return static_cast<double>(registry.counter("d_total", "D.").value()); });
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      counter.add();
      registry.gauge("h", "H.", [i] { return i; }, {{"i", std::to_string(i % 10)}});
    }
  });
  for (int i = 0; i < 50; ++i) EXPECT_NE(registry.expose().find("c_total "), std::string::npos);
  other.join();
  EXPECT_NE(registry.expose().find("\nc_total 1000\n"), std::string::npos);
}

TEST(RegistryDeathTest, RefusesBadNamesAndTwoTypes) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Registry registry;
  registry.counter("c_total", "C.");
  EXPECT_DEATH(registry.counter("2 bad", "B."), "not a metric name");
  EXPECT_DEATH(registry.gauge("c_total", "C.", [] { return 0.0; }), "two types");
}

}  // namespace
}  // namespace meterport::metrics
