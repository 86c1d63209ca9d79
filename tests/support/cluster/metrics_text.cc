// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/metrics_text.h"

#include <cstdlib>
#include <sstream>

namespace belfry::test {

double SumOfMetric(const std::string& text, const std::string& name, const std::string& labels) {
  std::istringstream lines(text);
  double sum = 0;
  for (std::string line; std::getline(lines, line);) {
    const bool named = line.starts_with(name) && line.size() > name.size() &&
                       (line[name.size()] == ' ' || line[name.size()] == '{');
    if (named && line.find(labels) != std::string::npos) {
      sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
    }
  }
  return sum;
}

}  // namespace belfry::test
