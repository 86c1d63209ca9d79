// SPDX-License-Identifier: Apache-2.0
// Every row, by the kind of fault; each kind has a file.
#pragma once

#include <string>
#include <vector>

#include "tests/chaos/row.h"

namespace belfry::chaos {

std::vector<Row> KillRows();
std::vector<Row> PointRows();
std::vector<Row> PauseRows();
std::vector<Row> NatsRows();
std::vector<Row> NetRows();
std::vector<Row> ProxyRows();
std::vector<Row> DescriptorRows();
std::vector<Row> StormRows();
std::vector<Row> CursorRows();
std::vector<Row> SyncRows();
std::vector<Row> DiskRows();
std::vector<Row> ClockRows();
std::vector<Row> DamageRows();
std::vector<Row> RetentionRows();
std::vector<Row> InboxRows();

std::vector<Row> AllRows();
// The rows of that name, or those whose names begin with it and a dash.
std::vector<Row> RowsNamed(const std::string& name);

}  // namespace belfry::chaos
