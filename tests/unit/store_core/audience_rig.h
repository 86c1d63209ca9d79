// SPDX-License-Identifier: Apache-2.0
// A project's audience on a sequencer of its own, for the tests of audiences, operations, erasures
// and revocations.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/audience_rows.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {

using Users = std::vector<std::string>;

inline SequencerOptions SmallSteps() {
  return {
      .operation_step = {.recipients_max = 3, .members_max = 5, .entries_max = 2, .rows_max = 3}};
}

// A project's audience, in words.
struct Audience : Rig {
  explicit Audience(SequencerOptions with = SmallSteps()) : Rig(std::move(with), 2) {}

  Result<AudienceUpdated> Update(AudienceUpdate update, AppendItem item = {}) {
    update.project = "acme";
    if (update.op != AudienceOp::kNotifySegment) {
      item.kind = EntryKind::kUnspecified;
    }
    const auto answer = Append(AudienceItem(std::move(update), std::move(item)));
    return answer.ok() ? Result<AudienceUpdated>(*answer->audience)
                       : Result<AudienceUpdated>(Fail(answer.error()));
  }
  Result<AudienceUpdated> Put(const std::string& user, std::vector<Attribute> attributes) {
    return Update({.op = AudienceOp::kUpsertUsers,
                   .users = {{.user_id = user, .attributes = std::move(attributes)}}});
  }
  Result<AudienceUpdated> Create(const std::string& segment) {
    return Update({.op = AudienceOp::kCreateSegment, .segment = segment});
  }
  Result<AudienceUpdated> Delete(const std::string& segment) {
    return Update({.op = AudienceOp::kDeleteSegment, .segment = segment});
  }
  Result<AudienceUpdated> Add(const std::string& segment, Users users) {
    return Update(
        {.op = AudienceOp::kAddMembers, .segment = segment, .user_ids = std::move(users)});
  }
  Result<AudienceUpdated> Remove(const std::string& segment, Users users) {
    return Update(
        {.op = AudienceOp::kRemoveMembers, .segment = segment, .user_ids = std::move(users)});
  }
  Result<AudienceUpdated> Erase(const std::string& user) {
    return Update({.op = AudienceOp::kEraseUser, .user_ids = {user}});
  }
  Result<AudienceUpdated> Notify(const std::string& expression, const std::string& key,
                                 Users excluded = {}, const std::string& text = "hello") {
    AppendItem item = Item("", key, text);
    item.notification_kind = "news";
    return Update({.op = AudienceOp::kNotifySegment,
                   .user_ids = std::move(excluded),
                   .segments = ParseSegmentExpression(expression)},
                  std::move(item));
  }
  void RunOperations() {
    for (auto stepped = sequencer->StepOperation(); stepped.ok() && *stepped;) {
      stepped = sequencer->StepOperation();
    }
  }

  AudiencePage Read(AudienceQuery query) {
    query.project = "acme";
    auto page = log.ReadAudience(query);
    return page.ok() ? std::move(*page) : AudiencePage{};
  }
  Operation OperationOf(std::uint64_t id) {
    return Read({.kind = AudienceQueryKind::kOperation, .operation_id = id}).operation;
  }
  std::uint64_t MembersOf(const std::string& segment) {
    for (const SegmentSize& size :
         Read({.kind = AudienceQueryKind::kSegments, .limit = 1'000}).segments) {
      if (size.segment == segment) {
        return size.members;
      }
    }
    return 0;
  }
  Users Members(const std::string& segment) {
    AudienceQuery query{.kind = AudienceQueryKind::kMembers, .name = segment, .limit = 2};
    Users users;
    do {
      const AudiencePage page = Read(query);
      for (const AudienceUser& user : page.users) {
        users.push_back(user.user_id);
      }
      query.after = page.next_after;
    } while (!query.after.empty());
    return users;
  }
  ListPage List(const std::string& user) {
    auto page = log.List({.project = "acme", .user_id = user, .limit = 100});
    return page.ok() ? std::move(*page) : ListPage{};
  }
  // Who received what of an announced kind, in the order of the announcements.
  Users Notified() const {
    Users users;
    for (const EntryPtr& entry : listener.committed) {
      if (entry->kind == EntryKind::kNotification) {
        users.push_back(entry->user_id);
      }
    }
    return users;
  }
  std::size_t RowsOf(Table table) const {
    const auto& rows = const_cast<FakeEventLog&>(log).tables().rows;
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const auto& row) { return row.first.first == table; }));
  }
};

}  // namespace belfry::store
