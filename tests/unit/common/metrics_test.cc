// SPDX-License-Identifier: Apache-2.0
#include "libs/common/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace belfry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, ExposesWhatWasCounted) {
  Metrics metrics;
  const Counter counter =
      metrics.AddCounter("belfry_test_events_total", "Events.", {{"kind", "a"}});
  const Gauge gauge = metrics.AddGauge("belfry_test_streams", "Streams.");
  const Histogram latency = metrics.AddLatencyHistogram("belfry_test_seconds", "Latency.");
  const Histogram size = metrics.AddSizeHistogram("belfry_test_entries", "Sizes.");
  counter.Add();
  counter.Add(2);
  gauge.Set(5);
  gauge.Add(-2);
  latency.Observe(0.0015);
  latency.Observe(100);
  size.Observe(3);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("# HELP belfry_test_events_total Events.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE belfry_test_events_total counter\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_events_total{kind=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_streams 3\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_seconds_bucket{le=\"0.001\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_seconds_bucket{le=\"0.002\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_seconds_bucket{le=\"60\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_bucket{le=\"2\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_bucket{le=\"4\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_bucket{le=\"65536\"} 1\n"));
}

TEST(Metrics, LabelsShareOneFamilyAndTheSameLabelsShareOneCounter) {
  Metrics metrics;
  metrics.AddCounter("belfry_test_total", "T.", {{"code", "a"}}).Add(1);
  metrics.AddCounter("belfry_test_total", "T.", {{"code", "b"}}).Add(2);
  metrics.AddCounter("belfry_test_total", "T.", {{"code", "a"}}).Add(4);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("belfry_test_total{code=\"a\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_total{code=\"b\"} 2\n"));
  EXPECT_EQ(text.find("# TYPE belfry_test_total"), text.rfind("# TYPE belfry_test_total"));
}

TEST(Metrics, HistogramsOfOneNameAreSummedByTheirLabels) {
  Metrics metrics;
  const Histogram one = metrics.AddSizeHistogram("belfry_test_entries", "E.", {{"lane", "a"}});
  const Histogram two = metrics.AddSizeHistogram("belfry_test_entries", "E.", {{"lane", "a"}});
  const Histogram other = metrics.AddSizeHistogram("belfry_test_entries", "E.", {{"lane", "b"}});
  one.Observe(1);
  two.Observe(1);
  two.Observe(3);
  other.Observe(100);
  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_count{lane=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_sum{lane=\"a\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_bucket{lane=\"a\",le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_bucket{lane=\"a\",le=\"4\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("belfry_test_entries_count{lane=\"b\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("part=")));
}

TEST(Metrics, HandlesMadeByDefaultCountNothing) {
  Counter().Add();
  Gauge().Set(1);
  Gauge().Add(1);
  Histogram().Observe(1);
  EXPECT_THAT(Metrics().Expose(), Not(HasSubstr("belfry")));
}

TEST(MetricsDeathTest, AMisnamedMetricIsABug) {
  Metrics metrics;
  EXPECT_DEATH(metrics.AddCounter("other_total", "T."), "CHECK");
  EXPECT_DEATH(metrics.AddCounter("belfry_with-dash", "T."), "belfry_with-dash");
  metrics.AddCounter("belfry_test_total", "T.");
  EXPECT_DEATH(metrics.AddGauge("belfry_test_total", "T."), "belfry_test_total");
}

}  // namespace
}  // namespace belfry
