// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/format.h"

#include "libs/common/hex.h"
#include "libs/common/random.h"
#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {
namespace {

constexpr std::size_t kHistoryIdBytes = 16;  // written in hexadecimal

}  // namespace

std::string MakeHistoryId() { return HexEncode(RandomBytes(kHistoryIdBytes)); }

Result<std::optional<Format>> ReadFormat(const RocksDb& db, const std::string& directory) {
  const auto format = GetRow(db, Column::kMeta, "format");
  const auto partitions = GetRow(db, Column::kMeta, "partitions");
  const auto history = GetRow(db, Column::kMeta, "history");
  for (const auto* row : {&format, &partitions, &history}) {
    if (!row->ok()) {
      return Fail(row->error());
    }
  }
  if (!*format) {
    return std::optional<Format>();
  }
  const auto found = DecodeNumber(**format);
  if (!found || *found < kFormatOldest || *found > kFormat) {
    const bool later = found && *found > kFormat;
    return Fail(Code::kFailedPrecondition,
                "open " + directory + ": its format is " +
                    (found ? std::to_string(*found) : "malformed") +
                    ", this version reads formats " + std::to_string(kFormatOldest) + " to " +
                    std::to_string(kFormat) + (later ? "; " + std::string(kLaterVersion) : ""));
  }
  const auto count = *partitions ? DecodeNumber(**partitions) : std::nullopt;
  if (!count || *count == 0 || *count > kPartitionsMax) {
    return Fail(Code::kDataLoss, "open " + directory + ": \"partitions\" is missing");
  }
  if (!*history || (*history)->size() != 2 * kHistoryIdBytes) {
    return Fail(Code::kDataLoss, "open " + directory + ": \"history\" is missing");
  }
  return std::optional<Format>({static_cast<Partition>(*count), **history, *found});
}

void PutFormat(const Format& format, CommitBatch& batch) {
  batch.Put(Table::kMeta, "format", EncodeNumber(format.version));
  batch.Put(Table::kMeta, "partitions", EncodeNumber(format.partitions));
  batch.Put(Table::kMeta, "history", format.history_id);
}

}  // namespace belfry::store
