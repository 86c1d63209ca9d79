// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/state_request.h"

#include <algorithm>
#include <string>
#include <utility>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/rpc/status.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {
namespace {

// What an operation takes besides a user.
struct Takes {
  bool ids = false;
  bool up_to = false;
  bool kind = false;
  bool muted_kinds = false;
};

std::optional<Takes> TakesOf(StateOp op) {
  switch (op) {
    case StateOp::kRead:
    case StateOp::kUnread:
    case StateOp::kArchive:
    case StateOp::kUnarchive:
    case StateOp::kDelete:
    case StateOp::kRetracted:
      return Takes{.ids = true};
    case StateOp::kReadAll:
    case StateOp::kArchiveAll:
      return Takes{.up_to = true, .kind = true};
    case StateOp::kSeen:
      return Takes{.up_to = true};
    case StateOp::kPreferences:
      return Takes{.muted_kinds = true};
    case StateOp::kJoin:
      return Takes{};
    case StateOp::kUnspecified:
    case StateOp::kExpired:
    case StateOp::kReplaced:
      break;
  }
  return std::nullopt;
}

bool IsKind(const std::string& kind) {
  return !kind.empty() && kind.size() <= kKindBytesMax && IsUtf8(kind);
}

std::vector<FieldViolation> FindViolations(const StateUpdate& update, std::size_t index) {
  std::vector<FieldViolation> violations;
  const auto require = [&](bool good, const char* field, const char* allowed) {
    if (!good) {
      violations.push_back({"updates[" + std::to_string(index) + "]." + field, allowed});
    }
  };
  const StateChange& change = update.change;
  const auto takes = TakesOf(change.op);
  require(IsProject(update.project), "project", "1 to 64 of [A-Za-z0-9_.-]");
  require(takes.has_value(), "op", "one that is asked for");
  if (!takes) {
    return violations;
  }
  const bool retract = change.op == StateOp::kRetracted;
  const bool by_key = retract && !update.idempotency_key.empty();
  require((retract && update.user_id.empty()) || IsUserId(update.user_id), "user_id",
          "1 to 128 bytes of UTF-8 without control characters");
  require(!by_key || (update.user_id.empty() && IsIdempotencyKey(update.idempotency_key)),
          "idempotency_key", "1 to 128 bytes of printable ASCII, instead of user and ids");
  const std::size_t ids_min = takes->ids && !by_key ? 1 : 0;
  const std::size_t ids_max = !takes->ids || by_key ? 0 : retract ? 1 : kMarkIdsMax;
  require(change.ids.size() >= ids_min && change.ids.size() <= ids_max, "ids",
          ids_max == 0   ? "none"
          : ids_max == 1 ? "one"
                         : "1 to 100 ids");
  require(std::all_of(change.ids.begin(), change.ids.end(),
                      [](EntryId id) { return id != 0 && id <= kEntryIdMax; }),
          "ids", "1 to 2^53");
  require(takes->up_to ? change.up_to != 0 : change.up_to == 0, "up_to",
          takes->up_to ? "an id, which is required" : "none");
  require(change.kind.empty() || (takes->kind && IsKind(change.kind)), "kind",
          "at most 128 bytes of UTF-8");
  require(change.muted_kinds.size() <= (takes->muted_kinds ? kMutedKindsMax : 0) &&
              std::all_of(change.muted_kinds.begin(), change.muted_kinds.end(), IsKind),
          "muted_kinds", "up to 64, each 1 to 128 bytes of UTF-8");
  require(change.operation.size() <= kOperationBytesMax && IsUtf8(change.operation), "operation",
          "at most 128 bytes of UTF-8");
  return violations;
}

}  // namespace

Result<CheckedAppend> CheckUpdates(const v1::UpdateStateRequest& request) {
  if (request.updates_size() == 0 || request.updates_size() > kUpdatesMax) {
    Error error{Code::kInvalidArgument,
                "update state: " + std::to_string(request.updates_size()) + " updates"};
    error.violations.push_back({"updates", "1 to 1000 updates"});
    return Fail(std::move(error));
  }
  CheckedAppend checked;
  for (const v1::StateUpdate& proto : request.updates()) {
    StateUpdate update = wire::FromProto(proto);
    auto violations = FindViolations(update, checked.refused.size());
    if (violations.empty()) {
      checked.items.push_back(UpdateItem(std::move(update)));
      checked.refused.emplace_back();
    } else {
      Error error{Code::kInvalidArgument, "update state: malformed update"};
      error.violations = std::move(violations);
      checked.refused.emplace_back(std::move(error));
    }
  }
  return checked;
}

void FillUpdateResponse(const std::vector<std::optional<Error>>& refused, AppendResults results,
                        v1::UpdateStateResponse* response) {
  std::size_t next = 0;
  for (const std::optional<Error>& error : refused) {
    v1::StateUpdateResult* result = response->add_results();
    if (error) {
      wire::ToProto(*error, result->mutable_error());
      continue;
    }
    const Result<Appended>& appended = results[next++];
    if (!appended.ok()) {
      wire::ToProto(appended.error(), result->mutable_error());
    } else {
      wire::ToProto(*appended->updated, result->mutable_ok());
    }
  }
}

}  // namespace belfry::store
