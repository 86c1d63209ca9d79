// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/list_page.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/common/names.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/feed_view.h"

namespace belfry::store {
namespace {

Status CheckQuery(const ListQuery& query) {
  if (query.project.empty() || query.project.size() > kProjectBytesMax) {
    return Fail(Code::kInvalidArgument, "list: project must be 1 to 64 bytes");
  }
  if (query.user_id.empty() || query.user_id.size() > kUserBytesMax) {
    return Fail(Code::kInvalidArgument, "list: user_id must be 1 to 255 bytes");
  }
  return {};
}

// Changes with everything that an answer depends on but for the passing of time: expiry changes the
// list when its entry is committed, at the latest.
std::string VersionOf(const FeedMoment& moment) {
  const EntryId own = moment.user ? std::max(moment.user->last_id, moment.user->joined) : 0;
  return std::to_string(own) + "-" + std::to_string(moment.project.last_id) + "-" +
         std::to_string(moment.position.floor);
}

// Nothing at or below it is unread.
EntryId UnreadAbove(const UserRecord& user) {
  const bool excepted =
      user.exceptions > 0 ||
      std::any_of(user.broadcasts.begin(), user.broadcasts.end(), [&](const BroadcastState& one) {
        return one.state.unread_at > user.read_all.at;
      });
  return excepted ? 0 : user.read_all.up_to;
}

class Lister {
 public:
  Lister(const FeedMoment& moment, const ListQuery& query, std::int64_t now_us,
         const ReadPayload& read_payload)
      : moment_(moment), query_(query), read_payload_(read_payload), view_(moment, now_us) {}

  Result<ListPage> List() {
    ListPage page;
    page.version = VersionOf(moment_);
    page.unknown_user = IsUnknown(moment_);
    if (!query_.if_version.empty() && query_.if_version == page.version) {
      page.unchanged = true;
      return page;
    }
    page.oldest_id = moment_.position.floor;
    page.counts =
        CountsOf(view_.user(), moment_.project, moment_.position.floor, moment_.position.last_id);
    page.muted_kinds = MutedKinds(view_.user());
    const Status filled = query_.id != 0 ? FindOne(page) : Fill(page);
    if (!filled.ok()) {
      return Fail(filled.error());
    }
    return page;
  }

 private:
  Status FindOne(ListPage& page) {
    if (query_.id > moment_.position.floor) {
      view_.SeekAfter(query_.id - 1);
    }
    if (view_.id() == query_.id) {
      auto entry = view_.Read();
      if (!entry.ok()) {
        return Fail(std::move(entry.error()));
      }
      if (*entry && (*entry)->kind != EntryKind::kState) {
        page.entries.push_back(std::move(**entry));
        return {};
      }
    }
    if (Status status = view_.status(); !status.ok()) {
      return status;
    }
    return Fail(Code::kNotFound, "no such notification", "NOTIFICATION_NOT_FOUND");
  }

  Status Fill(ListPage& page) {
    const std::size_t limit = std::min(query_.limit, kListEntriesMax);
    if (limit == 0) {
      return {};
    }
    const bool unread_only = query_.unread.value_or(false);
    const EntryId above =
        std::max(moment_.position.floor, unread_only ? UnreadAbove(view_.user()) : 0);
    std::size_t bytes = 0;
    std::size_t examined = 0;
    view_.SeekBefore(query_.before == 0 ? std::numeric_limits<EntryId>::max() : query_.before);
    for (; view_.id() && *view_.id() > above; view_.Next()) {
      const bool full = page.entries.size() == limit ||
                        (!page.entries.empty() && bytes + view_.bytes() > kListBytesMax);
      if (full || examined++ == kListExaminedMax) {
        page.next_before = *view_.id() + 1;
        return {};
      }
      if (view_.is_state()) {
        continue;
      }
      auto state = view_.state();
      if (!state.ok()) {
        return Fail(std::move(state.error()));
      }
      if (!FitsState(*view_.id(), *state)) {
        continue;
      }
      auto entry = view_.Read();
      if (!entry.ok()) {
        return Fail(std::move(entry.error()));
      }
      if (*entry && FitsEntry(**entry)) {
        bytes += view_.bytes();
        page.entries.push_back(std::move(**entry));
      }
    }
    return view_.status();
  }

  // What can be said without the entry.
  bool FitsState(EntryId id, const EntryState& state) const {
    const UserRecord& user = view_.user();
    return IsArchived(user, id, state) == query_.archived &&
           (!query_.unread || *query_.unread != IsRead(user, id, state));
  }

  bool FitsEntry(const Entry& entry) const {
    if (entry.kind == EntryKind::kState) {
      return false;
    }
    if (query_.kind.empty() && query_.level.empty()) {
      return true;
    }
    std::string kind = entry.notification_kind;
    if (kind.empty() || !query_.level.empty()) {
      const PayloadFields fields = read_payload_(entry);
      kind = kind.empty() ? fields.kind : kind;
      if (!query_.level.empty() && query_.level != fields.level) {
        return false;
      }
    }
    return kind.starts_with(query_.kind);
  }

  const FeedMoment& moment_;
  const ListQuery& query_;
  const ReadPayload& read_payload_;
  FeedView view_;
};

}  // namespace

Result<ListPage> List(const FeedRows& rows, const ListQuery& query, std::int64_t now_us,
                      const ReadPayload& read_payload) {
  if (Status good = CheckQuery(query); !good.ok()) {
    return Fail(std::move(good.error()));
  }
  const Partition partition = PartitionOf(query.project, query.user_id, rows.partitions());
  while (true) {
    auto looked = rows.Look({partition, query.project, query.user_id});
    if (!looked.ok()) {
      return Fail(std::move(looked.error()));
    }
    const FeedMoment moment = VisibleTo(std::move(*looked));
    auto page = Lister(moment, query, now_us, read_payload).List();
    // The second look, as in ReadFeed.
    if (rows.HeadNow(partition).floor <= moment.position.floor ||
        Planted(PlantedFault::kFloorNotLookedAtAgain)) {
      return page;
    }
  }
}

}  // namespace belfry::store
