// SPDX-License-Identifier: Apache-2.0
// What a process says of itself on /metrics.
#pragma once

#include <string>

namespace belfry::test {

// The sum of all samples of that metric in `text` whose labels contain `labels` ("reason=\"x\"").
double SumOfMetric(const std::string& text, const std::string& name, const std::string& labels);

}  // namespace belfry::test
