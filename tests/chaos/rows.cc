// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/rows.h"

#include <iterator>
#include <utility>

namespace belfry::chaos {

std::vector<Row> AllRows() {
  std::vector<Row> all;
  for (const auto make :
       {KillRows, PointRows, PauseRows, NatsRows, SyncRows, DiskRows, ClockRows, DamageRows,
        RetentionRows, InboxRows, NetRows, ProxyRows, DescriptorRows, StormRows, CursorRows}) {
    std::vector<Row> rows = make();
    std::move(rows.begin(), rows.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<Row> RowsNamed(const std::string& name) {
  std::vector<Row> named;
  for (Row& row : AllRows()) {
    if (row.name == name || row.name.starts_with(name + "-")) {
      named.push_back(std::move(row));
    }
  }
  return named;
}

}  // namespace belfry::chaos
