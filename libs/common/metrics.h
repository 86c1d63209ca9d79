// SPDX-License-Identifier: Apache-2.0
// A process's metrics: prometheus-cpp behind handles that core rooms can hold without its headers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace belfry {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Handles are small, copied freely, valid as long as their Metrics, and thread-safe. One made by
// default drops what it is given, so that a test needs no registry.
class Counter {
 public:
  Counter() = default;
  explicit Counter(prometheus::Counter* impl) : impl_(impl) {}
  void Add(double amount = 1) const;

 private:
  prometheus::Counter* impl_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  explicit Gauge(prometheus::Gauge* impl) : impl_(impl) {}
  void Set(double value) const;
  void Add(double amount) const;  // may be negative

 private:
  prometheus::Gauge* impl_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(prometheus::Histogram* impl) : impl_(impl) {}
  void Observe(double value) const;

 private:
  prometheus::Histogram* impl_ = nullptr;
};

// The registry of one process. Thread-safe. Names start with "belfry_", durations are seconds and
// sizes bytes, and docs/metrics/ lists each name (a test compares).
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter AddCounter(const std::string& name, const std::string& help,
                     const MetricLabels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  // Each call makes a histogram of its caller's own: an observation is not shared with other
  // threads that made theirs. Expose sums those of one name with equal labels, of which none is
  // "part". Buckets from 50 us to 60 s.
  Histogram AddLatencyHistogram(const std::string& name, const std::string& help,
                                const MetricLabels& labels = {});
  // Powers of two from 1 to 65,536.
  Histogram AddSizeHistogram(const std::string& name, const std::string& help,
                             const MetricLabels& labels = {});

  // All of it in Prometheus's text format 0.0.4.
  std::string Expose() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace belfry
