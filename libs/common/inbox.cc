// SPDX-License-Identifier: Apache-2.0
#include "libs/common/inbox.h"

#include <type_traits>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/record_fields.h"
#include "libs/common/text.h"

namespace belfry {
namespace {

enum Tag : std::uint8_t {
  kOp = 1,
  kId = 2,  // repeated
  kUpTo = 3,
  kKind = 4,
  kOnlyRead = 5,
  kMutedKind = 6,  // repeated
  kOperation = 7,
  kUnread = 8,
  kUnseen = 9,
  kByKind = 10,  // repeated: u64 count, kind
  kCountsUpTo = 11,
};

// Reads one field into `change` and `counts`; false: its value is malformed.
bool TakeField(const RecordReader& in, StateChange& change, Counts& counts) {
  const std::string_view value = in.value();
  const auto number = [&](auto& into) {
    const auto read = in.Number();
    into = static_cast<std::remove_reference_t<decltype(into)>>(read.value_or(0));
    return read.has_value();
  };
  switch (in.tag()) {
    case kOp: {
      const auto read = in.Number();
      if (!read || *read > static_cast<std::uint64_t>(StateOp::kReplaced)) {
        return false;
      }
      change.op = static_cast<StateOp>(*read);
      return true;
    }
    case kId:
      return number(change.ids.emplace_back());
    case kUpTo:
      return number(change.up_to);
    case kKind:
      change.kind = value;
      return true;
    case kOnlyRead:
      change.only_read = true;
      return true;
    case kMutedKind:
      change.muted_kinds.emplace_back(value);
      return true;
    case kOperation:
      change.operation = value;
      return true;
    case kUnread:
      return number(counts.unread);
    case kUnseen:
      return number(counts.unseen);
    case kByKind:
      if (value.size() < 8) {
        return false;
      }
      counts.by_kind.push_back({std::string(value.substr(8)), ReadNumber(value.substr(0, 8))});
      return true;
    case kCountsUpTo:
      return number(counts.up_to);
    default:
      return true;  // of a later version
  }
}

}  // namespace

std::string_view NameOf(StateOp op) {
  switch (op) {
    case StateOp::kUnspecified:
      break;
    case StateOp::kRead:
      return "read";
    case StateOp::kUnread:
      return "unread";
    case StateOp::kArchive:
      return "archive";
    case StateOp::kUnarchive:
      return "unarchive";
    case StateOp::kDelete:
      return "delete";
    case StateOp::kReadAll:
      return "read_all";
    case StateOp::kArchiveAll:
      return "archive_all";
    case StateOp::kSeen:
      return "seen";
    case StateOp::kPreferences:
      return "preferences";
    case StateOp::kRetracted:
      return "retracted";
    case StateOp::kExpired:
      return "expired";
    case StateOp::kReplaced:
      return "replaced";
    case StateOp::kJoin:
      return "join";
  }
  return {};
}

std::string CountsJson(const Counts& counts) {
  std::string json = R"({"unreadCount":)" + std::to_string(counts.unread);
  json += R"(,"unseenCount":)" + std::to_string(counts.unseen);
  json += R"(,"byKind":{)";
  for (const KindCount& kind : counts.by_kind) {
    json += json.back() == '{' ? "" : ",";
    AppendJsonString(kind.kind, &json);
    json += ":" + std::to_string(kind.count);
  }
  json += R"(},"upTo":")" + std::to_string(counts.up_to) + R"("})";
  return json;
}

std::string EncodeStateChange(const StateChange& change) {
  RecordWriter out;
  out.PutNumber(kOp, static_cast<std::uint64_t>(change.op));
  for (const EntryId id : change.ids) {
    out.PutNumber(kId, id);
  }
  out.PutNumber(kUpTo, change.up_to);
  if (!change.kind.empty()) {
    out.Put(kKind, change.kind);
  }
  if (change.only_read) {
    out.PutNumber(kOnlyRead, 1);
  }
  for (const std::string& kind : change.muted_kinds) {
    out.Put(kMutedKind, kind);
  }
  if (!change.operation.empty()) {
    out.Put(kOperation, change.operation);
  }
  if (change.counts) {
    out.PutNumber(kUnread, change.counts->unread);
    out.PutNumber(kUnseen, change.counts->unseen);
    for (const KindCount& kind : change.counts->by_kind) {
      std::string value;
      AppendNumber(value, kind.count);
      out.Put(kByKind, value + kind.kind);
    }
    out.PutNumber(kCountsUpTo, change.counts->up_to);
  }
  return out.Take({});
}

std::optional<StateChange> DecodeStateChange(std::string_view bytes) {
  StateChange change;
  Counts counts;
  RecordReader in(bytes);
  while (in.Next()) {
    if (!TakeField(in, change, counts)) {
      return std::nullopt;
    }
  }
  if (!in.good() || change.op == StateOp::kUnspecified) {
    return std::nullopt;
  }
  if (counts.up_to != 0) {
    change.counts = std::move(counts);
  }
  return change;
}

}  // namespace belfry
