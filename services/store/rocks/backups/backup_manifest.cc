// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/backups/backup_manifest.h"

#include "libs/common/hash.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

constexpr std::string_view kMagic = "belfryBK";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHistoryIdBytes = 32;
// Magic, version, created, history, count; then the ids; then the checksum.
constexpr std::size_t kCountAt = 24 + kHistoryIdBytes;
constexpr std::size_t kIdsAt = kCountAt + 8;

}  // namespace

std::string EncodeManifest(const BackupManifest& manifest) {
  std::string bytes(kMagic);
  bytes += EncodeNumber(kVersion);
  bytes += EncodeNumber(static_cast<std::uint64_t>(manifest.created_us));
  bytes += manifest.history_id;
  bytes += EncodeNumber(manifest.last_ids.size());
  for (const EntryId id : manifest.last_ids) {
    bytes += EncodeNumber(id);
  }
  return bytes + EncodeNumber(Fnv1a(bytes));
}

std::optional<BackupManifest> DecodeManifest(std::string_view bytes) {
  if (bytes.size() < kIdsAt + 8 || bytes.substr(0, kMagic.size()) != kMagic) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) { return *DecodeNumber(bytes.substr(at, 8)); };
  const std::size_t end = bytes.size() - 8;
  const std::uint64_t count = number(kCountAt);
  if (number(8) != kVersion || count > kPartitionsMax || end != kIdsAt + 8 * count ||
      number(end) != Fnv1a(bytes.substr(0, end))) {
    return std::nullopt;
  }
  BackupManifest manifest;
  manifest.created_us = static_cast<std::int64_t>(number(16));
  manifest.history_id = bytes.substr(24, kHistoryIdBytes);
  for (std::size_t i = 0; i < count; ++i) {
    manifest.last_ids.push_back(number(kIdsAt + 8 * i));
  }
  return manifest;
}

}  // namespace belfry::store
