// SPDX-License-Identifier: Apache-2.0
#include "libs/common/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "libs/common/check.h"

namespace belfry {
namespace {

// Half-decades around the promises: 2 ms and 10 ms to a socket, 2 s without NATS, 60 s for
// anything.
const prometheus::Histogram::BucketBoundaries kLatencySeconds = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05,
    0.1,     0.25,   0.5,     1,      2,     5,     10,    20,   30,    60};

prometheus::Histogram::BucketBoundaries PowersOfTwo() {
  prometheus::Histogram::BucketBoundaries bounds;
  for (int bound = 1; bound <= 65'536; bound *= 2) {
    bounds.push_back(bound);
  }
  return bounds;
}

// Tells the parts of one histogram from each other, inside the registry only.
constexpr char kPart[] = "part";

void AddTo(prometheus::ClientMetric::Histogram& sum,
           const prometheus::ClientMetric::Histogram& part) {
  BELFRY_CHECK_EQ(sum.bucket.size(), part.bucket.size());
  sum.sample_count += part.sample_count;
  sum.sample_sum += part.sample_sum;
  for (std::size_t i = 0; i < sum.bucket.size(); ++i) {
    sum.bucket[i].cumulative_count += part.bucket[i].cumulative_count;
  }
}

// The metrics of a family of histograms, parts summed, in the order in which they came.
std::vector<prometheus::ClientMetric> SumParts(std::vector<prometheus::ClientMetric> parts) {
  std::vector<prometheus::ClientMetric> sums;
  for (prometheus::ClientMetric& part : parts) {
    std::erase_if(part.label, [](const auto& label) { return label.name == kPart; });
    const auto same = std::find_if(sums.begin(), sums.end(),
                                   [&](const auto& sum) { return sum.label == part.label; });
    if (same == sums.end()) {
      sums.push_back(std::move(part));
    } else {
      AddTo(same->histogram, part.histogram);
    }
  }
  return sums;
}

prometheus::Labels ToLabels(const MetricLabels& labels) { return {labels.begin(), labels.end()}; }

// A malformed name, or one that is used twice with another type, is a bug.
template <typename Add>
auto AddOrAbort(const std::string& name, Add add) {
  BELFRY_CHECK(name.starts_with("belfry_"));
  try {
    return add();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "metric %s: %s\n", name.c_str(), error.what());
    std::abort();
  }
}

}  // namespace

void Counter::Add(double amount) const {
  if (impl_ != nullptr) {
    impl_->Increment(amount);
  }
}

void Gauge::Set(double value) const {
  if (impl_ != nullptr) {
    impl_->Set(value);
  }
}

void Gauge::Add(double amount) const {
  if (impl_ != nullptr) {
    impl_->Increment(amount);
  }
}

void Histogram::Observe(double value) const {
  if (impl_ != nullptr) {
    impl_->Observe(value);
  }
}

struct Metrics::Impl {
  prometheus::Registry registry;
  std::atomic<std::uint64_t> parts = 0;

  prometheus::Histogram* Histogram(const std::string& name, const std::string& help,
                                   const MetricLabels& labels,
                                   const prometheus::Histogram::BucketBoundaries& bounds) {
    return AddOrAbort(name, [&] {
      auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
      prometheus::Labels own = ToLabels(labels);
      own[kPart] = std::to_string(++parts);
      return &family.Add(own, bounds);
    });
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter Metrics::AddCounter(const std::string& name, const std::string& help,
                            const MetricLabels& labels) {
  return Counter(AddOrAbort(name, [&] {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    return &family.Add(ToLabels(labels));
  }));
}

Gauge Metrics::AddGauge(const std::string& name, const std::string& help,
                        const MetricLabels& labels) {
  return Gauge(AddOrAbort(name, [&] {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    return &family.Add(ToLabels(labels));
  }));
}

Histogram Metrics::AddLatencyHistogram(const std::string& name, const std::string& help,
                                       const MetricLabels& labels) {
  return Histogram(impl_->Histogram(name, help, labels, kLatencySeconds));
}

Histogram Metrics::AddSizeHistogram(const std::string& name, const std::string& help,
                                    const MetricLabels& labels) {
  return Histogram(impl_->Histogram(name, help, labels, PowersOfTwo()));
}

std::string Metrics::Expose() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (prometheus::MetricFamily& family : families) {
    if (family.type == prometheus::MetricType::Histogram) {
      family.metric = SumParts(std::move(family.metric));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace belfry
