// SPDX-License-Identifier: Apache-2.0
// Users' rows and records, walked side by side: they sort alike, a record's key being what the keys
// of its user's rows begin with.
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/user_ledger.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// The rows of one user above the floor, added up.
struct UserRows {
  EntryId last_id = 0;
  EntryId last_notification_id = 0;
  StillAbove counting;           // above the floor
  std::uint64_t exceptions = 0;  // see UserRecord
  std::uint64_t rows = 0;
};

class FeedsCheck {
 public:
  explicit FeedsCheck(CheckRun& run)
      : run_(run),
        users_(run, Column::kUsers, CheckKind::kUsers),
        rows_(run, Column::kFeed, CheckKind::kFeed) {}

  void Run() {
    NextUser();
    NextRow();
    while (more_users_ || more_rows_) {
      if (!run_.readable(Column::kFeed) || !run_.readable(Column::kUsers)) {
        run_.findings.Skip(CheckKind::kUsers, "a column that it is compared with cannot be read");
        return;
      }
      const bool row_first = more_rows_ && (!more_users_ || Prefix() < users_.key());
      if (row_first) {
        TakeUserWithoutRecord();
      } else {
        TakeUser();
      }
    }
  }

 private:
  std::string_view Prefix() const { return rows_.key().substr(0, rows_.key().size() - 8); }

  // To the next one whose key is good; the names point into it.
  void NextUser() {
    while ((more_users_ = users_.Next())) {
      const auto names = ParseUsersKey(users_.key());
      if (names && IsAtHome(*names)) {
        user_names_ = *names;
        return;
      }
      run_.findings.Fault(CheckKind::kUsers, RawKeyText(users_.key()), "is not a key of a user");
    }
  }
  void NextRow() {
    while ((more_rows_ = rows_.Next())) {
      const auto names = ParseUserKey(rows_.key());
      if (names && IsAtHome(*names)) {
        row_names_ = *names;
        return;
      }
      run_.findings.Fault(CheckKind::kFeed, RawKeyText(rows_.key()), "is not a key of a feed");
    }
  }
  bool IsAtHome(const KeyNames& names) const {
    return names.partition < run_.partitions() &&
           PartitionOf(names.project, names.user_id, run_.partitions()) == names.partition;
  }

  // What was done to the entry of the row that is looked at, if its user's record says that there
  // may be something. A malformed row is CheckState's to find.
  EntryState StateNow(const UserRecord& record) {
    if (row_names_.id > record.states_up_to || !run_.readable(Column::kState)) {
      return {};
    }
    const auto row = FindRow(run_, Column::kState, CheckKind::kState, rows_.key());
    return row ? DecodeEntryState(*row).value_or(EntryState{}) : EntryState{};
  }

  void CheckExpiryRow(const Entry& entry, const EntryState& state) {
    // What has expired got `gone` with the commit that took its row away.
    if (entry.expires_us == 0 || state.gone || state.deleted || !run_.readable(Column::kExpiry)) {
      return;
    }
    const UserRef user{entry.partition, entry.project, entry.user_id};
    if (!FindRow(run_, Column::kExpiry, CheckKind::kExpiry,
                 ExpiryKey(entry.expires_us, {user, entry.id}))) {
      run_.findings.Fault(CheckKind::kExpiry, KeyText(row_names_),
                          "expires and is not in the index of what does");
    }
  }

  void TakeNotification(const Entry& entry, const UserRecord& record, UserRows& user) {
    const EntryState state = StateNow(record);
    user.last_notification_id = entry.id;
    if (StillCounts(record, entry.id, state)) {
      Add(user.counting, record, entry.id, entry.notification_kind);
    }
    const bool there = !state.deleted && !state.gone;
    if (there && entry.id <= record.read_all.up_to && !IsRead(record, entry.id, state)) {
      ++user.exceptions;
    }
    CheckExpiryRow(entry, state);
  }

  // Walks over all rows that begin with `prefix`.
  UserRows AddUpRows(const std::string& prefix, const UserRecord& record) {
    UserRows user;
    for (; more_rows_ && Prefix() == prefix; NextRow()) {
      if (row_names_.id <= run_.positions[row_names_.partition].floor) {
        continue;
      }
      ++user.rows;
      user.last_id = row_names_.id;
      run_.sums[row_names_.partition].feed.Add(rows_.key(), rows_.value());
      const auto entry = ReadEntry(run_, CheckKind::kFeed, row_names_, rows_.value());
      // What was erased is on no counter, and about to be cleared.
      if (entry && entry->kind == EntryKind::kNotification && entry->id > record.erased_up_to) {
        TakeNotification(*entry, record, user);
      }
    }
    return user;
  }

  void TakeUserWithoutRecord() {
    const std::string prefix(Prefix());
    if (AddUpRows(prefix, {}).rows > 0 && run_.readable(Column::kUsers)) {
      run_.findings.Fault(CheckKind::kUsers, KeyText(*ParseUsersKey(prefix)),
                          "has entries and no record");
    }
  }

  template <typename Fault>
  void CompareCounts(const UserRecord& record, const UserRows& user, Fault fault) const {
    if (!run_.readable(Column::kState)) {
      return;
    }
    const std::uint64_t unread = user.counting.all();
    if (record.unread() != unread) {
      fault("says that " + std::to_string(record.unread()) + " are unread, and " +
            std::to_string(unread) + " are");
      return;
    }
    std::vector<KindCount> counters = record.counters;
    std::erase_if(counters, [](const KindCount& counter) { return counter.count == 0; });
    if (counters != user.counting.counters) {
      fault("counts kinds otherwise than its entries have them");
    }
    if (record.exceptions != user.exceptions) {
      fault("says that " + std::to_string(record.exceptions) +
            " below the mark are unread again, and " + std::to_string(user.exceptions) + " are");
    }
    if (record.seen_unread != user.counting.seen) {
      fault("says that " + std::to_string(record.seen_unread) + " of the unread were seen, and " +
            std::to_string(user.counting.seen) + " were");
    }
  }

  void TakeUser() {
    const std::string prefix(users_.key());
    const std::string who = KeyText(user_names_);
    const auto record = DecodeUserRecord(users_.value());
    const PartitionPosition& position = run_.positions[user_names_.partition];
    const UserRows user = AddUpRows(prefix, record.value_or(UserRecord{}));
    if (!run_.readable(Column::kFeed)) {
      return;
    }
    const auto fault = [&](std::string what) {
      run_.findings.Fault(CheckKind::kUsers, who, std::move(what));
    };
    if (!record) {
      fault("is malformed");
    } else {
      // A record outlives its entries: then its last id is one that was retired.
      if (user.rows == 0 ? record->last_id > position.floor : record->last_id != user.last_id) {
        fault("says that the last entry is " + std::to_string(record->last_id) + ", and it is " +
              std::to_string(user.last_id));
      }
      if (user.last_notification_id != 0 &&
          record->last_notification_id != user.last_notification_id) {
        fault("says that the last notification is " + std::to_string(record->last_notification_id) +
              ", and it is " + std::to_string(user.last_notification_id));
      }
      CompareCounts(*record, user, fault);
      // A mark of the join goes by the whole store.
      if (record->read_all.up_to > position.last_id && record->read_all.up_to != record->joined) {
        fault("is read further than the partition goes");
      }
    }
    NextUser();
  }

  CheckRun& run_;
  CheckedRows users_;
  CheckedRows rows_;
  KeyNames user_names_;
  KeyNames row_names_;
  bool more_users_ = false;
  bool more_rows_ = false;
};

}  // namespace

void CheckFeedsAndUsers(CheckRun& run) { FeedsCheck(run).Run(); }

}  // namespace belfry::store
