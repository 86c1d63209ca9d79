// SPDX-License-Identifier: Apache-2.0
// Users' rows and heads, walked side by side: they sort alike, a head's key being what the keys of
// its user's rows begin with.
#include <algorithm>

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
        heads_(run, Column::kHeads, CheckKind::kHeads),
        rows_(run, Column::kFeed, CheckKind::kFeed) {}

  void Run() {
    NextHead();
    NextRow();
    while (more_heads_ || more_rows_) {
      if (!run_.readable(Column::kFeed) || !run_.readable(Column::kHeads)) {
        run_.findings.Skip(CheckKind::kHeads, "a column that it is compared with cannot be read");
        return;
      }
      const bool row_first = more_rows_ && (!more_heads_ || Prefix() < heads_.key());
      if (row_first) {
        TakeUserWithoutHead();
      } else if (head_names_.user_id.empty()) {
        CheckProjectHead();
        NextHead();
      } else {
        TakeUser();
      }
    }
  }

 private:
  std::string_view Prefix() const { return rows_.key().substr(0, rows_.key().size() - 8); }

  // To the next one whose key is good; the names point into it.
  void NextHead() {
    while ((more_heads_ = heads_.Next())) {
      const auto names = ParseHeadKey(heads_.key());
      if (names && IsAtHome(*names)) {
        head_names_ = *names;
        return;
      }
      run_.findings.Fault(CheckKind::kHeads, RawKeyText(heads_.key()), "is not a key of a head");
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
           (names.user_id.empty() ||
            PartitionOf(names.project, names.user_id, run_.partitions()) == names.partition);
  }

  // Walks over all rows that begin with `prefix`.
  UserRows AddUpRows(const std::string& prefix, EntryId read_up_to) {
    UserRows user;
    for (; more_rows_ && Prefix() == prefix; NextRow()) {
      if (row_names_.id <= run_.positions[row_names_.partition].floor) {
        continue;
      }
      ++user.rows;
      user.last_id = row_names_.id;
      run_.sums[row_names_.partition].feed.Add(rows_.key(), rows_.value());
      const auto entry = ReadEntry(run_, CheckKind::kFeed, row_names_, rows_.value());
      if (entry && entry->kind == EntryKind::kNotification && entry->id > read_up_to) {
        ++user.unread;
      }
    }
    return user;
  }

  void TakeUserWithoutHead() {
    const std::string prefix(Prefix());
    if (AddUpRows(prefix, 0).rows > 0 && run_.readable(Column::kHeads)) {
      run_.findings.Fault(CheckKind::kHeads, KeyText(*ParseHeadKey(prefix)),
                          "has entries and no head");
    }
  }

  void TakeUser() {
    const std::string prefix(heads_.key());
    const std::string who = KeyText(head_names_);
    const auto head = DecodeUserHead(heads_.value());
    const PartitionHead& position = run_.positions[head_names_.partition];
    const UserRows user = AddUpRows(prefix, head ? head->read_up_to : 0);
    if (!run_.readable(Column::kFeed)) {
      return;
    }
    const auto fault = [&](std::string what) {
      run_.findings.Fault(CheckKind::kHeads, who, std::move(what));
    };
    if (!head) {
      fault("is malformed");
    } else if (user.rows == 0) {
      fault("has a head and no entries");
    } else {
      if (head->last_id != user.last_id) {
        fault("says that the last entry is " + std::to_string(head->last_id) + ", and it is " +
              std::to_string(user.last_id));
      }
      if (head->unread != user.unread) {
        fault("says that " + std::to_string(head->unread) + " are unread, and " +
              std::to_string(user.unread) + " are");
      }
      if (head->read_up_to > position.last_id) {
        fault("is read further than the partition goes");
      }
    }
    NextHead();
  }

  // A project's head counts on after its broadcasts are retired.
  void CheckProjectHead() {
    const auto fault = [&](std::string what) {
      run_.findings.Fault(CheckKind::kHeads, KeyText(head_names_), std::move(what));
    };
    const auto head = DecodeBroadcastHead(heads_.value());
    if (!head || head->ordinal == 0) {
      fault("is malformed");
      return;
    }
    const PartitionHead& position = run_.positions[head_names_.partition];
    if (head->last_id > position.floor && run_.readable(Column::kBroadcasts) &&
        !FindRow(
            run_, Column::kBroadcasts, CheckKind::kBroadcasts,
            WithId(ProjectPrefix(head_names_.partition, head_names_.project), head->last_id))) {
      fault("says that the last broadcast is " + std::to_string(head->last_id) +
            ", which is not there");
    }
  }

  CheckRun& run_;
  RowWalk heads_;
  RowWalk rows_;
  KeyNames head_names_;
  KeyNames row_names_;
  bool more_heads_ = false;
  bool more_rows_ = false;
};

}  // namespace

void CheckFeedsAndHeads(CheckRun& run) { FeedsCheck(run).Run(); }

void CheckState(CheckRun& run) {
  for (RowWalk rows(run, Column::kState, CheckKind::kState); rows.Next();) {
    const auto names = ParseUserKey(rows.key());
    if (!names || names->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kState, RawKeyText(rows.key()), "is not a key of a state");
    }
  }
}

}  // namespace belfry::store
