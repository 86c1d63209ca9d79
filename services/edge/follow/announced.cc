// SPDX-License-Identifier: Apache-2.0
#include "services/edge/follow/announced.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"

namespace belfry::edge {
namespace {

using What = decltype(Announced::what);

Refusal RefusalOf(wire::SealFault fault) {
  switch (fault) {
    case wire::SealFault::kUnsigned:
      return Refusal::kUnsigned;
    case wire::SealFault::kVersion:
      return Refusal::kVersion;
    case wire::SealFault::kMalformed:
      break;
    case wire::SealFault::kUnknownKey:
      return Refusal::kUnknownKey;
    case wire::SealFault::kWrongMac:
      return Refusal::kWrongMac;
    case wire::SealFault::kMoved:
      return Refusal::kMoved;
  }
  return Refusal::kMalformed;
}

std::optional<What> ReadEntries(Partition partition, std::string_view bytes) {
  Result<wire::Batch> batch = wire::DecodeBatch(bytes);
  if (!batch.ok() || batch->entries.empty()) {
    return std::nullopt;
  }
  std::vector<EntryPtr>& entries = batch->entries;
  const auto belongs = [&](const EntryPtr& entry) { return entry->partition == partition; };
  if (!std::all_of(entries.begin(), entries.end(), belongs)) {
    return std::nullopt;
  }
  return AnnouncedEntries{partition, {std::move(entries), batch->store_time_us}};
}

std::optional<What> ReadBody(std::string_view bytes) {
  Result<wire::BroadcastBody> body = wire::DecodeBody(bytes);
  if (!body.ok()) {
    return std::nullopt;
  }
  return AnnouncedBody{body->broadcast_id, std::move(body->payload)};
}

std::optional<What> ReadHead(Partition partition, std::string_view bytes) {
  const Result<wire::LogHead> head = wire::DecodeHead(bytes);
  if (!head.ok() || head->partition != partition) {
    return std::nullopt;
  }
  return AnnouncedHead{partition, head->last_id, head->sent_us};
}

std::optional<What> ReadWhat(std::string_view subject, std::string_view bytes) {
  const auto parsed = wire::ParseSubject(subject);
  if (!parsed) {
    return std::nullopt;
  }
  switch (parsed->kind) {
    case wire::SubjectKind::kLog:
      return ReadEntries(parsed->partition, bytes);
    case wire::SubjectKind::kHead:
      return ReadHead(parsed->partition, bytes);
    case wire::SubjectKind::kBody:
      return ReadBody(bytes);
  }
  return std::nullopt;
}

}  // namespace

std::variant<Announced, Refusal> ReadAnnouncement(const wire::AnnounceKeys& keys,
                                                  std::string_view subject,
                                                  std::string_view message) {
  const auto opened = wire::Open(keys, subject, message);
  if (const auto* fault = std::get_if<wire::SealFault>(&opened)) {
    return RefusalOf(*fault);
  }
  const auto& [history_id, bytes] = std::get<wire::OpenedEnvelope>(opened);
  auto what = ReadWhat(subject, bytes);
  if (!what) {
    return Refusal::kMalformed;
  }
  return Announced{std::string(history_id), std::move(*what)};
}

}  // namespace belfry::edge
