// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/report.h"

#include <cstdio>

namespace belfry::bench {

void PrintTable(const std::vector<Row>& rows) {
  std::printf("%-14s %12s %12s %6s  %s\n", "measure", "target", "measured", "", "what");
  for (const auto& row : rows) {
    std::printf("%-14s %2s %9g %12.4g %-6s %-3s %s\n%48s%s\n", row.name.c_str(),
                row.at_most ? "<=" : ">=", row.target, row.value, row.unit.c_str(),
                row.met() ? "ok" : "NO", row.what.c_str(), "", row.detail.c_str());
  }
}

void PrintJson(const std::vector<Row>& rows) {
  std::printf("{\"results\":[");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    std::printf(
        "%s\n {\"name\":\"%s\",\"unit\":\"%s\",\"target\":%g,\"atMost\":%s,\"value\":%.6g,"
        "\"met\":%s,\"detail\":\"%s\"}",
        i == 0 ? "" : ",", row.name.c_str(), row.unit.c_str(), row.target,
        row.at_most ? "true" : "false", row.value, row.met() ? "true" : "false",
        row.detail.c_str());
  }
  std::printf("\n]}\n");
}

}  // namespace belfry::bench
