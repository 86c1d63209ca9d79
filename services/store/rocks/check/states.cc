// SPDX-License-Identifier: Apache-2.0
// What was done to single entries, what expires when, and the newest entries of collapse keys: each
// row leads to an entry that is there.
#include <optional>
#include <string>

#include "services/store/core/user_ledger.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

bool IsAboveFloor(const CheckRun& run, const KeyNames& names) {
  return names.id > run.positions[names.partition].floor;
}

// The user's own entry; std::nullopt: it is not there.
std::optional<Entry> FindOwn(CheckRun& run, CheckKind kind, const KeyNames& names) {
  const auto row =
      FindRow(run, Column::kFeed, kind,
              WithId(UserPrefix(names.partition, names.project, names.user_id), names.id));
  return row ? ReadEntry(run, kind, names, *row) : std::nullopt;
}

void CheckOneState(CheckRun& run, const KeyNames& names, std::string_view value) {
  const auto fault = [&](const char* what) {
    run.findings.Fault(CheckKind::kState, KeyText(names), what);
  };
  if (!DecodeEntryState(value)) {
    fault("is malformed");
  }
  const auto entry = FindOwn(run, CheckKind::kState, names);
  if (!entry || entry->kind != EntryKind::kNotification) {
    fault("is of no notification");
  }
  const auto row = FindRow(run, Column::kUsers, CheckKind::kState,
                           UserPrefix(names.partition, names.project, names.user_id));
  const auto record = row ? DecodeUserRecord(*row) : std::nullopt;
  if (record && record->states_up_to < names.id && record->erased_up_to < names.id) {
    fault("lies above what the user's record knows of");
  }
}

}  // namespace

void CheckState(CheckRun& run) {
  const bool comparable = run.readable(Column::kFeed) && run.readable(Column::kUsers);
  for (CheckedRows rows(run, Column::kState, CheckKind::kState); rows.Next();) {
    const auto names = ParseUserKey(rows.key());
    if (!names || names->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kState, RawKeyText(rows.key()), "is not a key of a state");
    } else if (comparable && IsAboveFloor(run, *names)) {
      CheckOneState(run, *names, rows.value());
    }
  }
}

void CheckExpiry(CheckRun& run) {
  for (CheckedRows rows(run, Column::kExpiry, CheckKind::kExpiry); rows.Next();) {
    const auto names = ParseExpiryKey(rows.key());
    if (!names || names->entry.partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kExpiry, RawKeyText(rows.key()),
                         "is not a key of what expires");
      continue;
    }
    // A broadcast's stays until its time, whatever is retired.
    if (names->entry.user_id.empty() || !IsAboveFloor(run, names->entry) ||
        !run.readable(Column::kFeed)) {
      continue;
    }
    const auto entry = FindOwn(run, CheckKind::kExpiry, names->entry);
    if (!entry || entry->expires_us != names->expires_us) {
      run.findings.Fault(CheckKind::kExpiry, KeyText(names->entry),
                         "is to expire at a time that no entry has");
    }
  }
}

void CheckCollapse(CheckRun& run) {
  for (CheckedRows rows(run, Column::kCollapse, CheckKind::kCollapse); rows.Next();) {
    const auto id = DecodeNumber(rows.value());
    const auto place = PlaceOf(rows.key());
    if (!place || place->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kCollapse, RawKeyText(rows.key()),
                         "is not a key of a collapse key");
    } else if (!id || *id > run.positions[place->partition].last_id) {
      run.findings.Fault(CheckKind::kCollapse, RawKeyText(rows.key()), "leads to no entry");
    }
  }
}

}  // namespace belfry::store
