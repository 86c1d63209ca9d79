// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_usage.h"

#include <algorithm>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/revocation.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

// A row's numbers, its key and what RocksDB keeps with it.
constexpr std::uint64_t kRowBytes = 96;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kRowsAtOnce = 1'000;

std::uint64_t Less(std::uint64_t from, std::uint64_t by) { return from - std::min(from, by); }

std::uint64_t OwnBytes(std::string_view project, std::string_view user_id, std::size_t payload) {
  return kRowBytes + project.size() + user_id.size() + payload;
}

}  // namespace

Usage& Usage::operator+=(const Usage& other) {
  entries += other.entries;
  bytes += other.bytes;
  return *this;
}

Usage& Usage::operator-=(const Usage& other) {
  entries = Less(entries, other.entries);
  bytes = Less(bytes, other.bytes);
  return *this;
}

Usage UsageOf(const Entry& entry) {
  const bool own = !entry.user_id.empty();
  const bool for_edges = IsForEdges(entry.kind);
  const std::size_t payload = own || for_edges ? entry.payload.size() : 0;
  const std::uint64_t row = OwnBytes(entry.project, entry.user_id, payload);
  return {1, own && !for_edges ? 2 * row : row};  // in the log and in the feed
}

std::uint64_t BodyBytes(const Entry& entry) {
  const bool has_body = entry.user_id.empty() && !entry.payload.empty() && !IsForEdges(entry.kind);
  return has_body ? OwnBytes(entry.project, {}, entry.payload.size()) : 0;
}

Usage UsageWithBody(const Entry& entry) {
  Usage usage = UsageOf(entry);
  usage.bytes += entry.partition == 0 ? BodyBytes(entry) : 0;
  return usage;
}

Usage UsageOf(const AppendItem& item, Partition partitions) {
  const std::uint64_t row = OwnBytes(item.project, item.user_id, item.payload.size());
  if (item.kind == EntryKind::kBroadcast) {
    return {partitions, row + partitions * OwnBytes(item.project, {}, 0)};
  }
  return {1, 2 * row};
}

Usage Usages::Of(std::string_view project) const {
  const auto found = of.find(project);
  return found == of.end() ? Usage{} : found->second;
}

void Usages::Add(std::string_view project, const Usage& more) {
  auto found = of.find(project);
  if (found == of.end()) {
    found = of.emplace(project, Usage{}).first;
  }
  found->second += more;
  all += more;
}

void Usages::Subtract(std::string_view project, const Usage& less) {
  const auto found = of.find(project);
  if (found == of.end()) {
    return;
  }
  all -= found->second;
  found->second -= less;
  all += found->second;
  if (found->second == Usage{}) {
    of.erase(found);
  }
}

std::string StoredKey(std::string_view project) {
  return std::string(kStoredPrefix) + ProjectKey(project);
}

std::string EncodeUsage(const Usage& usage) {
  std::string bytes;
  AppendNumber(bytes, usage.entries);
  AppendNumber(bytes, usage.bytes);
  return bytes;
}

std::optional<UsageRow> DecodeUsage(std::string_view key, std::string_view value) {
  if (!key.starts_with(kStoredPrefix) || value.size() != 2 * kNumberBytes) {
    return std::nullopt;
  }
  const auto names = ParseProjectKey(key.substr(kStoredPrefix.size()));
  if (!names) {
    return std::nullopt;
  }
  return UsageRow{
      std::string(names->project),
      {ReadNumber(value.substr(0, kNumberBytes)), ReadNumber(value.substr(kNumberBytes))}};
}

void SetUsage(CommitBatch& batch, std::string_view project, const Usages& usages) {
  const auto found = usages.of.find(project);
  if (found == usages.of.end()) {
    batch.Remove(Table::kMeta, StoredKey(project));
  } else {
    batch.Put(Table::kMeta, StoredKey(project), EncodeUsage(found->second));
  }
}

Result<Usages> LoadUsages(Tables& tables) {
  Usages usages;
  std::string from(kStoredPrefix);
  while (true) {
    const auto rows = tables.Scan(Table::kMeta, from, kRowsAtOnce);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    for (const KeyedRow& row : *rows) {
      if (!row.key.starts_with(kStoredPrefix)) {
        return usages;
      }
      auto decoded = DecodeUsage(row.key, row.value);
      if (!decoded) {
        return Fail(Code::kDataLoss, "read rows: what a project has stored is malformed");
      }
      usages.Add(decoded->project, decoded->usage);
    }
    if (rows->size() < kRowsAtOnce) {
      return usages;
    }
    from = rows->back().key + '\0';
  }
}

}  // namespace belfry::store
