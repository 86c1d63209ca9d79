// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/expire_plan.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "libs/common/planted_fault.h"
#include "services/store/core/inbox_plan.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

Result<bool> ExpirePlan::Decide(std::size_t rows_max) {
  auto rows = draft_.tables().Scan(Table::kExpiry, {}, rows_max);
  if (!rows.ok()) {
    return Fail(std::move(rows.error()));
  }
  std::vector<Due> dues;
  for (KeyedRow& row : *rows) {
    const auto names = ParseExpiryKey(row.key);
    if (!names) {
      return Fail(Code::kDataLoss, "read what expires: a key is malformed");
    }
    if (names->expires_us > draft_.times().passed_us) {
      break;
    }
    Due& due = dues.emplace_back();
    due.row = std::move(row.key);
    due.names = *ParseExpiryKey(due.row);
    due.kind = std::move(row.value);
  }
  if (Status loaded = Load(dues); !loaded.ok()) {
    return Fail(std::move(loaded.error()));
  }
  std::sort(dues.begin(), dues.end(), [](const Due& a, const Due& b) {
    const KeyNames& x = a.names.entry;
    const KeyNames& y = b.names.entry;
    return std::tie(x.project, x.user_id, x.id) < std::tie(y.project, y.user_id, y.id);
  });
  for (auto at = dues.begin(); at != dues.end();) {
    const KeyNames& first = at->names.entry;
    const auto end = std::find_if(at + 1, dues.end(), [&](const Due& due) {
      return due.names.entry.project != first.project || due.names.entry.user_id != first.user_id;
    });
    const bool done =
        first.user_id.empty()
            ? std::all_of(at, end, [&](const Due& due) { return ExpireBroadcast(due); })
            : ExpireOwn({&*at, static_cast<std::size_t>(end - at)});
    if (!done) {
      break;
    }
    at = end;
  }
  draft_.Finish();
  return !dues.empty() && dues.size() == rows_max;
}

Status ExpirePlan::Load(std::vector<Due>& dues) {
  std::vector<UserRef> users;
  std::vector<EntryRef> entries;
  for (const Due& due : dues) {
    if (!due.names.entry.user_id.empty()) {
      users.push_back(RefOf(due).user);
    }
    entries.push_back(RefOf(due));
  }
  const auto states = draft_.FindStates(entries);
  if (!states.ok()) {
    return Fail(states.error());
  }
  for (std::size_t i = 0; i < dues.size(); ++i) {
    dues[i].state = (*states)[i];
    if (Status loaded = draft_.LoadProject(dues[i].names.entry.project); !loaded.ok()) {
      return loaded;
    }
  }
  return draft_.LoadUsers(users);
}

bool ExpirePlan::ExpireOwn(std::span<const Due> dues) {
  const EntryId id = draft_.NextEntryId();
  if (id == 0) {
    return false;
  }
  CommitDraft::User& user =
      draft_.LoadedUser(dues.front().names.entry.project, dues.front().names.entry.user_id);
  const EntryId floor = draft_.FloorOf(user);
  StateChange change;
  change.op = StateOp::kExpired;
  for (const Due& due : dues) {
    draft_.batch().Remove(Table::kExpiry, due.row);
    const EntryId expired = due.names.entry.id;
    if (expired <= floor || due.state.deleted || due.state.gone ||
        Planted(PlantedFault::kExpiryNotCounted)) {
      continue;
    }
    EntryState state = due.state;
    user.record = OnExpire(std::move(user.record), expired, due.kind, state);
    draft_.SetState(RefOf(due), state);
    change.ids.push_back(expired);
  }
  if (!change.ids.empty()) {
    draft_.Touch(user);
    draft_.AddStateEntry(user, id, std::move(change));
  }
  return true;
}

bool ExpirePlan::ExpireBroadcast(const Due& due) {
  const EntryId id = draft_.NextEntryId();
  if (id == 0) {
    return false;
  }
  draft_.batch().Remove(Table::kExpiry, due.row);
  const std::string project(due.names.entry.project);
  const LiveBroadcast* const live = FindLive(draft_.ProjectOf(project), due.names.entry.id);
  if (live != nullptr && live->id > draft_.state().lowest_floor()) {
    TakeBroadcastAway(draft_, project, LiveBroadcast(*live), StateOp::kExpired, id);
  }
  return true;
}

}  // namespace belfry::store
