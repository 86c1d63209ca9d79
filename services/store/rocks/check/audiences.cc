// SPDX-License-Identifier: Apache-2.0
// Segments, their members and what was said of users: three tables that say the same thing, so each
// is compared with the others. Operations: each can be read, and what a running one needs is there.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "services/store/core/audience_record.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

class AudiencesCheck {
 public:
  explicit AudiencesCheck(CheckRun& run) : run_(run) {}

  void Run() {
    const bool there = run_.db.column(Column::kSegments) != nullptr;
    if (!there) {
      return;  // a directory that has not been opened since there are segments
    }
    TakeSegments();
    TakeOperations();
    TakeMembers();
    TakeUsers();
    CompareCounts();
  }

 private:
  struct Segment {
    std::string project;
    std::string name;
    std::uint64_t members = 0;
    std::uint64_t found = 0;
  };

  void TakeSegments() {
    for (CheckedRows rows(run_, Column::kSegments, CheckKind::kSegments); rows.Next();) {
      const auto names = ParseNameInProject(rows.key());
      const auto record = DecodeSegmentRecord(rows.value());
      if (!names || !record || record->number == 0) {
        run_.findings.Fault(CheckKind::kSegments, RawKeyText(rows.key()), "is malformed");
        continue;
      }
      segments_.emplace(record->number, Segment{std::string(names->project),
                                                std::string(names->name), record->members});
    }
  }

  void TakeOperations() {
    const std::string contents = OperationContentKey(0);
    for (CheckedRows rows(run_, Column::kOperations, CheckKind::kOperations); rows.Next();) {
      if (rows.key() >= contents) {
        if (!DecodeOperationContent(rows.value())) {
          run_.findings.Fault(CheckKind::kOperations, RawKeyText(rows.key()), "is malformed");
        }
        continue;
      }
      const auto operation = DecodeOperationRecord(rows.value());
      if (!operation || OperationKey(operation->told.id) != rows.key()) {
        run_.findings.Fault(CheckKind::kOperations, RawKeyText(rows.key()), "is malformed");
      } else if (IsRunning(*operation)) {
        TakeRunning(*operation);
      }
    }
  }

  void TakeRunning(const OperationRecord& operation) {
    walked_over_.insert(operation.segments.begin(), operation.segments.end());
    const std::uint64_t id = operation.told.id;
    if (operation.told.kind == OperationKind::kNotifySegment &&
        !FindRow(run_, Column::kOperations, CheckKind::kOperations, OperationContentKey(id))) {
      run_.findings.Fault(CheckKind::kOperations, "operation " + std::to_string(id),
                          "runs, and what it says is not there");
    }
  }

  void TakeMembers() {
    for (CheckedRows rows(run_, Column::kMembers, CheckKind::kMembers); rows.Next();) {
      const auto names = ParseMemberKey(rows.key());
      const auto member = DecodeMemberRecord(rows.value());
      if (!names || !member || member->stays.empty()) {
        run_.findings.Fault(CheckKind::kMembers, RawKeyText(rows.key()), "is malformed");
        continue;
      }
      const auto segment = segments_.find(names->segment);
      if (segment == segments_.end()) {
        if (!walked_over_.contains(names->segment)) {
          run_.findings.Fault(CheckKind::kMembers, TextOf(*names),
                              "is of a segment that is not there, and nothing sweeps it");
        }
      } else if (IsMember(*member)) {
        ++segment->second.found;
        CompareWithUser(*names, segment->second);
      }
    }
  }

  static std::string TextOf(const MemberNames& names) {
    return "member \"" + std::string(names.user_id) + "\" of segment number " +
           std::to_string(names.segment);
  }

  void CompareWithUser(const MemberNames& names, const Segment& segment) {
    if (!run_.readable(Column::kAudience)) {
      return;
    }
    const auto row = FindRow(run_, Column::kAudience, CheckKind::kMembers,
                             AudienceKey(segment.project, names.user_id));
    const auto user = row ? DecodeAudienceRecord(*row) : std::nullopt;
    const bool said =
        user &&
        (std::any_of(user->attributes.begin(), user->attributes.end(),
                     [&](const Attribute& one) { return SegmentOf(one) == segment.name; }) ||
         std::find(user->segments.begin(), user->segments.end(),
                   SegmentOfUser{names.segment, segment.name}) != user->segments.end());
    if (!said) {
      run_.findings.Fault(CheckKind::kMembers, TextOf(names), "is not what was said of this user");
    }
  }

  void TakeUsers() {
    std::map<std::pair<std::string, std::string>, SegmentNumber> numbers;
    for (const auto& [number, segment] : segments_) {
      numbers.emplace(std::pair(segment.project, segment.name), number);
    }
    for (CheckedRows rows(run_, Column::kAudience, CheckKind::kAudience); rows.Next();) {
      const auto names = ParseNameInProject(rows.key());
      const auto user = DecodeAudienceRecord(rows.value());
      if (!names || !user) {
        run_.findings.Fault(CheckKind::kAudience, RawKeyText(rows.key()), "is malformed");
        continue;
      }
      const auto number_of = [&](const std::string& segment) {
        const auto found = numbers.find({std::string(names->project), segment});
        return found == numbers.end() ? SegmentNumber{0} : found->second;
      };
      for (const Attribute& attribute : user->attributes) {
        Expect(*names, SegmentOf(attribute), number_of(SegmentOf(attribute)));
      }
      for (const SegmentOfUser& segment : user->segments) {
        if (number_of(segment.name) == segment.number) {  // otherwise it was deleted
          Expect(*names, segment.name, segment.number);
        }
      }
    }
  }

  void Expect(const NameInProject& user, const std::string& segment, SegmentNumber number) {
    if (!run_.readable(Column::kMembers)) {
      return;
    }
    const auto row = number == 0 ? std::nullopt
                                 : FindRow(run_, Column::kMembers, CheckKind::kAudience,
                                           MemberKey(number, user.name));
    const auto member = row ? DecodeMemberRecord(*row) : std::nullopt;
    if (!member || !IsMember(*member)) {
      run_.findings.Fault(
          CheckKind::kAudience,
          "project \"" + std::string(user.project) + "\" user \"" + std::string(user.name) + "\"",
          "is no member of \"" + segment + "\", and should be");
    }
  }

  void CompareCounts() {
    if (!run_.readable(Column::kMembers)) {
      run_.findings.Skip(CheckKind::kSegments, "the members cannot be read");
      return;
    }
    for (const auto& [number, segment] : segments_) {
      if (segment.members != segment.found) {
        run_.findings.Fault(CheckKind::kSegments,
                            "project \"" + segment.project + "\" segment \"" + segment.name + "\"",
                            "says that it has " + std::to_string(segment.members) +
                                " members, and it has " + std::to_string(segment.found));
      }
    }
  }

  CheckRun& run_;
  std::map<SegmentNumber, Segment> segments_;
  std::set<SegmentNumber> walked_over_;  // by an operation that runs
};

}  // namespace

void CheckAudiences(CheckRun& run) { AudiencesCheck(run).Run(); }

}  // namespace belfry::store
