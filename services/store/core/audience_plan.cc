// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/audience_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/audience_rows.h"
#include "services/store/core/revocation_rows.h"

namespace belfry::store {
namespace {

Error SegmentUnknown(const std::string& segment) {
  return {Code::kNotFound, "there is no segment \"" + segment + "\"", "SEGMENT_UNKNOWN"};
}

bool IsOfAttribute(std::string_view segment) { return segment.find(':') != std::string_view::npos; }

// Users join and leave segments: what rows that needs, then the rows.
class Moves {
 public:
  Moves(CommitDraft& draft, const std::string& project) : draft_(draft), project_(project) {}

  // `segment` is made if it is not there.
  void Join(const std::string& segment, const std::string& user) {
    moves_.push_back({segment, user, true});
    names_.insert(segment);
  }
  void Leave(const std::string& segment, const std::string& user) {
    moves_.push_back({segment, user, false});
    names_.insert(segment);
  }
  // `erased`: who leaves is forgotten, whatever still runs.
  Status Read(bool erased = false) {
    erased_ = erased;
    const std::vector<std::string> names(names_.begin(), names_.end());
    auto segments = ReadSegments(draft_.pending(), project_, names);
    if (!segments.ok()) {
      return Fail(std::move(segments.error()));
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      segments_.emplace(names[i], (*segments)[i].value_or(SegmentRecord{}));
    }
    // Only an operation that walks over a segment asks for more than who is in it now.
    std::vector<MemberRef> asked;
    for (Move& move : moves_) {
      const SegmentNumber number = segments_.at(move.segment).number;
      move.walked_over = number != 0 && !draft_.state().operations.WalksOver(number).empty();
      if (move.walked_over) {
        asked.push_back({number, move.user});
      }
    }
    auto members = ReadMembers(draft_.pending(), asked);
    if (!members.ok()) {
      return Fail(std::move(members.error()));
    }
    auto member = members->begin();
    for (Move& move : moves_) {
      if (move.walked_over) {
        move.member = std::move(*member++);
      }
    }
    return {};
  }

  // Changes the rows. A user moves once at most in or out of a segment.
  void Write() {
    Operations& operations = draft_.state().operations;
    const OperationId before = operations.last_id();
    for (Move& move : moves_) {
      SegmentRecord& segment = segments_.at(move.segment);
      if (segment.number == 0) {
        segment.number = operations.TakeId();
      }
      WriteMember(move, segment);
    }
    for (const auto& [name, segment] : segments_) {
      if (segment.members == 0 && IsOfAttribute(name)) {
        RemoveSegment(draft_.batch(), project_, name);
      } else {
        SetSegment(draft_.batch(), project_, name, segment);
      }
    }
    if (operations.last_id() != before) {
      SetLastOperation(draft_.batch(), operations.last_id());
    }
  }
  std::uint64_t MembersOf(const std::string& segment) const {
    return segments_.at(segment).members;
  }

 private:
  struct Move {
    std::string segment;
    std::string user;
    bool joins = false;
    bool walked_over = false;
    MemberRecord member = {};  // as it is, if it is walked over
  };

  void WriteMember(const Move& move, SegmentRecord& segment) {
    Operations& operations = draft_.state().operations;
    MemberRecord member = move.member;
    if (move.joins) {
      member = OnJoined(std::move(member), operations.last_id());
      ++segment.members;
    } else {
      member = move.walked_over && !erased_ ? OnLeft(std::move(member), operations.last_id())
                                            : MemberRecord{};
      segment.members -= std::min<std::uint64_t>(segment.members, 1);
    }
    const std::set<OperationId>& walks = operations.WalksOver(segment.number);
    member =
        PruneStays(std::move(member), walks.empty() ? operations.last_id() + 1 : *walks.begin());
    if (!member.stays.empty() && !move.joins) {
      NoteLeft(segment.number);
    }
    SetMember(draft_.batch(), {segment.number, move.user}, member);
  }

  // The operations that walk over it have something to sweep when they end.
  void NoteLeft(SegmentNumber segment) {
    Operations& operations = draft_.state().operations;
    const std::set<OperationId> walks = operations.WalksOver(segment);
    for (const OperationId id : walks) {
      OperationRecord operation = *operations.Find(id);
      if (!operation.left_meanwhile) {
        operation.left_meanwhile = true;
        SetOperation(draft_.batch(), operation);
        operations.Put(std::move(operation));
      }
    }
  }

  CommitDraft& draft_;
  const std::string& project_;
  bool erased_ = false;
  std::vector<Move> moves_;
  std::set<std::string> names_;
  std::map<std::string, SegmentRecord> segments_;  // number 0: it is not there
};

class AudiencePlan {
 public:
  AudiencePlan(CommitDraft& draft, const AppendItem& item)
      : draft_(draft), item_(item), update_(*item.audience) {}

  Result<AudienceUpdated> Decide() {
    switch (update_.op) {
      case AudienceOp::kUpsertUsers:
        return UpsertUsers();
      case AudienceOp::kCreateSegment:
        return CreateSegment();
      case AudienceOp::kDeleteSegment:
        return DeleteSegment();
      case AudienceOp::kAddMembers:
        return AddMembers();
      case AudienceOp::kRemoveMembers:
        return RemoveMembers();
      case AudienceOp::kNotifySegment:
        return NotifySegment();
      case AudienceOp::kEraseUser:
        return EraseUser();
      case AudienceOp::kRevokeTokens:
        return RevokeTokens();
      case AudienceOp::kCloseStreams:
        return CloseStreams();
      case AudienceOp::kDropProject:
        return DropProject();
      case AudienceOp::kUnspecified:
        break;
    }
    return Fail(Code::kInvalidArgument, "update audience: no such operation", "OP_UNKNOWN");
  }

 private:
  using Records = std::vector<std::optional<AudienceRecord>>;

  Operations& operations() { return draft_.state().operations; }
  CommitBatch& batch() { return draft_.batch(); }

  // The operation's id; 0: there is none left.
  OperationId NextOperation() { return NextId(operations().last_id(), draft_.times().now_us); }
  // Keeps a new operation, which is all but its id and times.
  void Begin(OperationRecord operation, OperationId id) {
    operation.told.id = id;
    operation.told.state = OperationState::kRunning;
    operation.told.created_us = draft_.times().now_us;
    operation.project = update_.project;
    operations().SkipTo(id);
    SetLastOperation(batch(), id);
    Keep(std::move(operation));
  }
  // One that runs has nothing more to do.
  void End(OperationId id) {
    OperationRecord operation = *operations().Find(id);
    operation.told.state = OperationState::kDone;
    operation.told.finished_us = draft_.times().now_us;
    Keep(std::move(operation));
  }
  void Keep(OperationRecord operation) {
    SetOperation(batch(), operation);
    operations().Put(std::move(operation));
  }
  static Error NoIdsLeft() {
    return {Code::kResourceExhausted, "the store has no ids left", "IDS_EXHAUSTED"};
  }

  Result<AudienceUpdated> UpsertUsers() {
    std::map<std::string, const AudienceUser*> users;  // the last one of each
    for (const AudienceUser& user : update_.users) {
      users[user.user_id] = &user;
    }
    std::vector<std::string> ids;
    ids.reserve(users.size());
    for (const auto& [id, user] : users) {
      ids.push_back(id);
    }
    auto records = ReadAudience(draft_.pending(), update_.project, ids);
    if (!records.ok()) {
      return Fail(std::move(records.error()));
    }
    Moves moves(draft_, update_.project);
    std::vector<bool> changed(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::vector<Attribute>& wanted = users[ids[i]]->attributes;
      AudienceRecord record = (*records)[i].value_or(AudienceRecord{});
      changed[i] = !(*records)[i] || record.attributes != wanted;
      PlanAttributes(ids[i], record.attributes, wanted, moves);
      record.attributes = wanted;
      (*records)[i] = std::move(record);
    }
    if (Status read = moves.Read(); !read.ok()) {
      return Fail(std::move(read.error()));
    }
    AudienceUpdated updated;
    moves.Write();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      static_cast<void>(draft_.UserOf(update_.project, ids[i]));  // who was not known joins
      if (changed[i]) {
        SetAudience(batch(), update_.project, ids[i], *(*records)[i]);
        updated.changed = true;
      }
    }
    return updated;
  }

  static void PlanAttributes(const std::string& user, const std::vector<Attribute>& before,
                             const std::vector<Attribute>& after, Moves& moves) {
    const auto has = [](const std::vector<Attribute>& all, const Attribute& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    for (const Attribute& attribute : before) {
      if (!has(after, attribute)) {
        moves.Leave(SegmentOf(attribute), user);
      }
    }
    for (const Attribute& attribute : after) {
      if (!has(before, attribute)) {
        moves.Join(SegmentOf(attribute), user);
      }
    }
  }

  Result<std::optional<SegmentRecord>> FindSegment() {
    auto found = ReadSegments(draft_.pending(), update_.project, {&update_.segment, 1});
    if (!found.ok()) {
      return Fail(std::move(found.error()));
    }
    return found->front();
  }

  Result<AudienceUpdated> CreateSegment() {
    const auto segment = FindSegment();
    if (!segment.ok()) {
      return Fail(segment.error());
    }
    if (*segment) {
      return AudienceUpdated{.members = (*segment)->members};
    }
    const OperationId number = NextOperation();
    if (number == 0) {
      return Fail(NoIdsLeft());
    }
    operations().SkipTo(number);
    SetLastOperation(batch(), number);
    SetSegment(batch(), update_.project, update_.segment, {.number = number});
    return AudienceUpdated{.changed = true};
  }

  Result<AudienceUpdated> DeleteSegment() {
    const auto segment = FindSegment();
    if (!segment.ok()) {
      return Fail(segment.error());
    }
    if (!*segment) {
      return Fail(SegmentUnknown(update_.segment));
    }
    const OperationId id = NextOperation();
    if (id == 0) {
      return Fail(NoIdsLeft());
    }
    RemoveSegment(batch(), update_.project, update_.segment);
    // Its members' rows go by and by, once no operation walks over them.
    OperationRecord sweep{.segments = {(*segment)->number}, .drop = true};
    sweep.told.kind = OperationKind::kSweep;
    Begin(std::move(sweep), id);
    return AudienceUpdated{.changed = true};
  }

  // The users that are named, each once, and what was said of them.
  Result<std::vector<std::pair<std::string, AudienceRecord>>> ReadUsersNamed() {
    std::vector<std::string> ids = update_.user_ids;
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    auto records = ReadAudience(draft_.pending(), update_.project, ids);
    if (!records.ok()) {
      return Fail(std::move(records.error()));
    }
    std::vector<std::pair<std::string, AudienceRecord>> users;
    users.reserve(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      users.emplace_back(std::move(ids[i]), (*records)[i].value_or(AudienceRecord{}));
    }
    return users;
  }

  Result<AudienceUpdated> AddMembers() {
    const auto segment = FindSegment();
    auto users = ReadUsersNamed();
    if (!segment.ok() || !users.ok()) {
      return Fail(segment.ok() ? users.error() : segment.error());
    }
    if (!*segment) {
      return Fail(SegmentUnknown(update_.segment));
    }
    const SegmentOfUser wanted{(*segment)->number, update_.segment};
    Moves moves(draft_, update_.project);
    std::vector<std::pair<std::string, AudienceRecord>> changed;
    for (auto& [id, record] : *users) {
      if (std::find(record.segments.begin(), record.segments.end(), wanted) !=
          record.segments.end()) {
        continue;
      }
      auto added = WithSegment(std::move(record), wanted);
      if (!added.ok()) {
        return Fail(Wrap("add " + id, std::move(added.error())));
      }
      moves.Join(update_.segment, id);
      changed.emplace_back(id, std::move(*added));
    }
    return Write(moves, changed, (*segment)->members);
  }

  // `record` with one more segment, and without those that have been deleted if it has too many.
  Result<AudienceRecord> WithSegment(AudienceRecord record, const SegmentOfUser& segment) {
    // One of that name has been deleted.
    std::erase_if(record.segments,
                  [&](const SegmentOfUser& one) { return one.name == segment.name; });
    if (record.segments.size() >= kSegmentsOfUserMax) {
      std::vector<std::string> names;
      for (const SegmentOfUser& one : record.segments) {
        names.push_back(one.name);
      }
      const auto found = ReadSegments(draft_.pending(), update_.project, names);
      if (!found.ok()) {
        return Fail(found.error());
      }
      std::size_t at = 0;
      std::erase_if(record.segments, [&](const SegmentOfUser& one) {
        const std::optional<SegmentRecord>& there = (*found)[at++];
        return !there || there->number != one.number;
      });
    }
    if (record.segments.size() >= kSegmentsOfUserMax) {
      return Fail(Code::kFailedPrecondition,
                  "a user belongs to " + std::to_string(kSegmentsOfUserMax) + " segments at most",
                  "SEGMENTS_OF_USER");
    }
    const auto at = std::lower_bound(
        record.segments.begin(), record.segments.end(), segment,
        [](const SegmentOfUser& a, const SegmentOfUser& b) { return a.name < b.name; });
    record.segments.insert(at, segment);
    return record;
  }

  Result<AudienceUpdated> RemoveMembers() {
    const auto segment = FindSegment();
    auto users = ReadUsersNamed();
    if (!segment.ok() || !users.ok()) {
      return Fail(segment.ok() ? users.error() : segment.error());
    }
    if (!*segment) {
      return Fail(SegmentUnknown(update_.segment));
    }
    const SegmentOfUser unwanted{(*segment)->number, update_.segment};
    Moves moves(draft_, update_.project);
    std::vector<std::pair<std::string, AudienceRecord>> changed;
    for (auto& [id, record] : *users) {
      if (std::erase(record.segments, unwanted) != 0) {
        moves.Leave(update_.segment, id);
        changed.emplace_back(id, std::move(record));
      }
    }
    return Write(moves, changed, (*segment)->members);
  }

  Result<AudienceUpdated> Write(Moves& moves,
                                const std::vector<std::pair<std::string, AudienceRecord>>& changed,
                                std::uint64_t members) {
    if (changed.empty()) {
      return AudienceUpdated{.members = members};
    }
    if (Status read = moves.Read(); !read.ok()) {
      return Fail(std::move(read.error()));
    }
    moves.Write();
    for (const auto& [id, record] : changed) {
      SetAudience(batch(), update_.project, id, record);
    }
    return AudienceUpdated{.changed = true, .members = moves.MembersOf(update_.segment)};
  }

  // Nobody: there is no such attribute. kNotFound: no such segment.
  Result<std::vector<SegmentRecord>> FindSegments() {
    const auto found = ReadSegments(draft_.pending(), update_.project, update_.segments);
    if (!found.ok()) {
      return Fail(found.error());
    }
    std::vector<SegmentRecord> segments;
    for (std::size_t i = 0; i < found->size(); ++i) {
      if (!(*found)[i] && !IsOfAttribute(update_.segments[i])) {
        return Fail(SegmentUnknown(update_.segments[i]));
      }
      segments.push_back((*found)[i].value_or(SegmentRecord{}));
    }
    std::sort(segments.begin(), segments.end(),
              [](const SegmentRecord& a, const SegmentRecord& b) { return a.members < b.members; });
    return segments;
  }

  // Of one segment exactly; of several, those of the smallest one.
  Result<std::uint64_t> CountRecipients(const std::vector<SegmentRecord>& segments) {
    std::uint64_t count = segments.front().members;
    if (segments.size() > 1 || count == 0) {
      return count;
    }
    std::vector<MemberRef> excluded;
    for (const std::string& user : update_.user_ids) {
      excluded.push_back({segments.front().number, user});
    }
    const auto members = ReadMembers(draft_.pending(), excluded);
    if (!members.ok()) {
      return Fail(members.error());
    }
    return count -
           static_cast<std::uint64_t>(std::count_if(members->begin(), members->end(), IsMember));
  }

  Result<AudienceUpdated> NotifySegment() {
    const auto segments = FindSegments();
    if (!segments.ok()) {
      return Fail(segments.error());
    }
    const auto recipients = CountRecipients(*segments);
    if (!recipients.ok()) {
      return Fail(recipients.error());
    }
    const auto [running, kept] = operations().CountsOf(update_.project);
    if (running >= kOperationsRunningMax || kept >= kOperationsKeptMax) {
      Error error{Code::kResourceExhausted,
                  "the project has " + std::to_string(running) + " operations running and " +
                      std::to_string(kept - running) + " that ended in the last 24 hours",
                  "OPERATIONS_MAX"};
      error.retry_after = std::chrono::seconds(5);
      return Fail(std::move(error));
    }
    const OperationId id = NextOperation();
    if (id == 0) {
      return Fail(NoIdsLeft());
    }
    OperationRecord operation;
    operation.told.kind = OperationKind::kNotifySegment;
    operation.told.total = *recipients;
    for (const SegmentRecord& segment : *segments) {
      operation.segments.push_back(segment.number);
    }
    Begin(std::move(operation), id);
    if (segments->front().members == 0) {
      End(id);
    } else {
      OperationContent content{.payload = item_.payload,
                               .notification_kind = item_.notification_kind,
                               .collapse_key = item_.collapse_key,
                               .expires_us = item_.expires_us,
                               .excluded = update_.user_ids};
      std::sort(content.excluded.begin(), content.excluded.end());
      SetOperationContent(batch(), id, content);
    }
    return AudienceUpdated{.changed = true, .operation_id = id, .recipients = *recipients};
  }

  Result<AudienceUpdated> EraseUser() {
    const std::string& user_id = update_.user_ids.front();
    auto records = ReadAudience(draft_.pending(), update_.project, {&user_id, 1});
    if (!records.ok()) {
      return Fail(std::move(records.error()));
    }
    const std::optional<AudienceRecord>& record = records->front();
    Moves moves(draft_, update_.project);
    if (record) {
      PlanAttributes(user_id, record->attributes, {}, moves);
      if (Status left = LeaveSegments(user_id, *record, moves); !left.ok()) {
        return Fail(std::move(left.error()));
      }
    }
    if (Status read = moves.Read(true); !read.ok()) {
      return Fail(std::move(read.error()));
    }
    const OperationId operation_id = NextOperation();
    const EntryId id = draft_.NextEntryId();
    if (operation_id == 0 || id == 0) {
      return Fail(NoIdsLeft());
    }
    if (record) {
      moves.Write();
      RemoveAudience(batch(), update_.project, user_id);
    }
    OperationRecord operation;
    operation.told.kind = OperationKind::kEraseUser;
    CommitDraft::User& user = draft_.LoadedUser(update_.project, user_id);
    const bool known = draft_.IsKnown(user);
    if (known) {
      operation.user_id = user_id;
      operation.up_to = id;
      EraseFeed(user, id);
    }
    const OperationId begun = std::max(operation_id, operations().last_id() + 1);
    Begin(std::move(operation), begun);
    if (!known) {
      End(begun);
    }
    return AudienceUpdated{.changed = known || record.has_value(), .operation_id = begun};
  }

  // Those of the user's segments that are still there.
  Status LeaveSegments(const std::string& user_id, const AudienceRecord& record, Moves& moves) {
    std::vector<std::string> names;
    for (const SegmentOfUser& segment : record.segments) {
      names.push_back(segment.name);
    }
    const auto found = ReadSegments(draft_.pending(), update_.project, names);
    if (!found.ok()) {
      return Fail(found.error());
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      if ((*found)[i] && (*found)[i]->number == record.segments[i].number) {
        moves.Leave(names[i], user_id);
      }
    }
    return {};
  }

  // From here on nothing of it is the user's; an operation clears it off the disk.
  void EraseFeed(CommitDraft::User& user, EntryId id) {
    user.record = ErasedUser(id);
    draft_.Touch(user);
    draft_.AddEntry({.id = id,
                     .kind = EntryKind::kErased,
                     .partition = user.partition,
                     .project = user.project,
                     .user_id = user.user_id,
                     .created_us = draft_.times().now_us});
  }

  // The user's id; empty: everybody of the project.
  std::string UserOrAll() const {
    return update_.user_ids.empty() ? std::string() : update_.user_ids.front();
  }

  Result<AudienceUpdated> RevokeTokens() {
    const std::string user_id = UserOrAll();
    const auto before = ReadRevoked(draft_.pending(), update_.project, user_id);
    if (!before.ok()) {
      return Fail(before.error());
    }
    // A clock that was set back makes no token good again, and leaves none good.
    const CommitTimes& times = draft_.times();
    const std::int64_t passed_us =
        Planted(PlantedFault::kRevokedByTheWallClock) ? 0 : times.passed_us;
    const std::int64_t at_us = std::max({*before, times.now_us, passed_us});
    if (!AddForEdges(EntryKind::kRevoked, user_id, at_us)) {
      return Fail(NoIdsLeft());
    }
    SetRevoked(batch(), {update_.project, user_id, at_us});
    return AudienceUpdated{.changed = true, .revoked_us = at_us};
  }

  // Its streams end and its operations with them; from here on nothing of the project is taken.
  Result<AudienceUpdated> DropProject() {
    if (const OperationId id = operations().DropOf(update_.project); id != 0) {
      return AudienceUpdated{.operation_id = id};
    }
    auto revoked = RevokeTokens();
    if (!revoked.ok()) {
      return revoked;
    }
    const std::set<OperationId> running = operations().running();
    for (const OperationId id : running) {
      const OperationRecord& operation = *operations().Find(id);
      if (operation.project == update_.project && operation.told.kind != OperationKind::kSweep) {
        BreakOff(operation);
      }
    }
    OperationRecord operation;
    operation.told.kind = OperationKind::kDropProject;
    const OperationId id = std::max(NextOperation(), operations().last_id() + 1);
    Begin(std::move(operation), id);
    return AudienceUpdated{.changed = true, .operation_id = id};
  }

  void BreakOff(OperationRecord operation) {
    operation.told.errors = {"the project was dropped"};
    RemoveOperationContent(batch(), operation.told.id);
    operation.after.clear();
    operation.user_id.clear();
    operation.told.state = OperationState::kFailed;
    operation.told.finished_us = draft_.times().now_us;
    const std::vector<SegmentNumber> left =
        operation.left_meanwhile ? operation.segments : std::vector<SegmentNumber>();
    Keep(std::move(operation));
    for (const SegmentNumber segment : left) {
      OperationRecord sweep{.segments = {segment}};
      sweep.told.kind = OperationKind::kSweep;
      Begin(std::move(sweep), operations().last_id() + 1);
    }
  }

  Result<AudienceUpdated> CloseStreams() {
    if (!AddForEdges(EntryKind::kKicked, UserOrAll(), draft_.times().now_us)) {
      return Fail(NoIdsLeft());
    }
    return AudienceUpdated{.changed = true};
  }

  // An entry that only edges read, wherever `user_id`'s streams follow the log; false: there is no
  // id left.
  bool AddForEdges(EntryKind kind, const std::string& user_id, std::int64_t at_us) {
    const EntryId id = draft_.NextEntryId();
    if (id == 0) {
      return false;
    }
    Entry entry{.id = id, .kind = kind, .project = update_.project, .created_us = at_us};
    if (user_id.empty() && !Planted(PlantedFault::kProjectRevokedInOnePartition)) {
      draft_.AddToAllPartitions(entry);
      return true;
    }
    const auto partitions = static_cast<Partition>(draft_.state().positions.size());
    entry.partition = PartitionOf(update_.project, user_id, partitions);
    entry.user_id = user_id;
    draft_.AddEntry(std::move(entry));
    return true;
  }

  CommitDraft& draft_;
  const AppendItem& item_;
  const AudienceUpdate& update_;
};

}  // namespace

Result<AudienceUpdated> DecideAudience(CommitDraft& draft, const AppendItem& item) {
  return AudiencePlan(draft, item).Decide();
}

}  // namespace belfry::store
