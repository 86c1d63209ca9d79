// SPDX-License-Identifier: Apache-2.0
// Reading rows of one kind, for typed_rows.cc and audience_rows.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/common/check.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

// Rows of one table by key, decoded; std::nullopt where there is none.
template <typename Value, typename Decode>
Result<std::vector<std::optional<Value>>> ReadRows(RowReader& reader, Table table,
                                                   const std::vector<std::string>& keys,
                                                   Decode decode) {
  const auto rows = reader.Read(table, keys);
  if (!rows.ok()) {
    return Fail(rows.error());
  }
  BELFRY_CHECK_EQ(rows->size(), keys.size());
  std::vector<std::optional<Value>> values(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!(*rows)[i]) {
      continue;
    }
    values[i] = decode(*(*rows)[i]);
    if (!values[i]) {
      return Fail(Code::kDataLoss, "read rows: one is malformed");
    }
  }
  return values;
}

}  // namespace belfry::store
