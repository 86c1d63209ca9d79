// SPDX-License-Identifier: Apache-2.0
#include "services/store/commands/print.h"

#include <array>
#include <cstdio>

#include "libs/common/text.h"
#include "libs/common/time_text.h"

namespace belfry::store {

std::string Json(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

std::string Text(const BackupInfo& backup) {
  std::array<char, 32> size{};
  std::snprintf(size.data(), size.size(), "%.1f MiB",
                static_cast<double>(backup.bytes) / (1 << 20));
  return "backup " + std::to_string(backup.id) + ": " + Rfc3339Seconds(backup.manifest.created_us) +
         ", history " + backup.manifest.history_id + ", " +
         std::to_string(backup.manifest.last_ids.size()) + " partitions, " + size.data() + " in " +
         std::to_string(backup.files) + " files";
}

std::string ToJson(const BackupInfo& backup) {
  std::string json = "{\"id\":" + std::to_string(backup.id) +
                     ",\"createdAt\":" + Json(Rfc3339Seconds(backup.manifest.created_us)) +
                     ",\"history\":" + Json(backup.manifest.history_id) +
                     ",\"partitions\":" + std::to_string(backup.manifest.last_ids.size()) +
                     ",\"bytes\":" + std::to_string(backup.bytes) +
                     ",\"files\":" + std::to_string(backup.files) + ",\"lastIds\":[";
  for (std::size_t p = 0; p < backup.manifest.last_ids.size(); ++p) {
    json += (p == 0 ? "\"" : ",\"") + std::to_string(backup.manifest.last_ids[p]) + "\"";
  }
  return json + "]}";
}

}  // namespace belfry::store
