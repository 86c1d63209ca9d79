// SPDX-License-Identifier: Apache-2.0
// Numbers for people: medians, spreads, rounding.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

namespace belfry::bench {

// At least one value.
inline double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

inline double MillisSince(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
      .count();
}

inline std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
  return text;
}

inline std::string Spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Rounded(values.front()) + " to " + Rounded(values.back());
}

}  // namespace belfry::bench
