// SPDX-License-Identifier: Apache-2.0
// What a benchmark has measured, beside what was promised.
#pragma once

#include <string>
#include <vector>

namespace belfry::bench {

// One row of the table.
struct Row {
  std::string name;
  std::string what;
  std::string unit;
  double target = 0;
  bool at_most = true;  // the target is a maximum
  double value = 0;
  std::string detail;  // how it came about: spread, who was busy
  bool met() const { return at_most ? value <= target : value >= target; }
};

// On stdout. Names, units and details must have no quotes and no backslashes.
void PrintTable(const std::vector<Row>& rows);
void PrintJson(const std::vector<Row>& rows);

}  // namespace belfry::bench
