// SPDX-License-Identifier: Apache-2.0
// Users' rows and records, walked side by side: they sort alike, a record's key being what the keys
// of its user's rows begin with.
#include <algorithm>

#include "services/store/core/user_ledger.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// The rows of one user above the floor, added up.
struct UserRows {
  EntryId last_id = 0;
  std::uint64_t unread = 0;
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
      if (entry && entry->kind == EntryKind::kNotification && StillCounts(record, entry->id, {})) {
        ++user.unread;
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

  void TakeUser() {
    const std::string prefix(users_.key());
    const std::string who = KeyText(user_names_);
    const auto record = DecodeUserRecord(users_.value());
    const PartitionHead& position = run_.positions[user_names_.partition];
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
      if (record->unread() != user.unread) {
        fault("says that " + std::to_string(record->unread()) + " are unread, and " +
              std::to_string(user.unread) + " are");
      }
      if (record->read_all.up_to > position.last_id) {
        fault("is read further than the partition goes");
      }
    }
    NextUser();
  }

  CheckRun& run_;
  RowWalk users_;
  RowWalk rows_;
  KeyNames user_names_;
  KeyNames row_names_;
  bool more_users_ = false;
  bool more_rows_ = false;
};

}  // namespace

void CheckFeedsAndUsers(CheckRun& run) { FeedsCheck(run).Run(); }

void CheckState(CheckRun& run) {
  for (RowWalk rows(run, Column::kState, CheckKind::kState); rows.Next();) {
    const auto names = ParseUserKey(rows.key());
    if (!names || names->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kState, RawKeyText(rows.key()), "is not a key of a state");
    }
  }
}

}  // namespace belfry::store
