// SPDX-License-Identifier: Apache-2.0
// A check finds each fault that is planted in segments, members and what was said of users.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "services/store/core/audience_record.h"
#include "services/store/core/key_codec.h"
#include "services/store/rocks/check/check.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

struct AudiencesCheckTest : testing::Test, Disk {
  void SetUp() override {
    Update({.op = AudienceOp::kUpsertUsers,
            .users = {{.user_id = "alice", .attributes = {{"plan", "pro"}}}}});
    Update({.op = AudienceOp::kCreateSegment, .segment = "beta"});
    Update({.op = AudienceOp::kAddMembers, .segment = "beta", .user_ids = {"alice", "bob"}});
  }
  void Update(AudienceUpdate update) {
    update.project = "acme";
    AppendItem item;
    item.kind = EntryKind::kUnspecified;
    Append(AudienceItem(std::move(update), std::move(item)));
  }
  CheckReport Check() {
    Close();
    auto report = CheckDirectory({.directory = directory()}, {});
    EXPECT_TRUE(report.ok());
    return report.ok() ? std::move(*report) : CheckReport{};
  }
  // Plants, checks: a fault of `kind` says `what`.
  void ExpectFound(const std::function<void(RawDb&)>& plant, CheckKind kind,
                   const std::string& what) {
    Close();
    {
      RawDb raw(directory());
      plant(raw);
    }
    const CheckReport report = Check();
    std::vector<std::string> told;
    for (const CheckFault& fault : report.faults) {
      if (fault.kind == kind) {
        told.push_back(fault.key + ": " + fault.what);
      }
    }
    EXPECT_THAT(told, testing::Contains(HasSubstr(what)));
  }
  static SegmentRecord Segment(RawDb& raw, const std::string& name) {
    return *DecodeSegmentRecord(raw.Get(Column::kSegments, SegmentKey("acme", name)));
  }
};

TEST_F(AudiencesCheckTest, FindsNothingWhereNothingIs) { EXPECT_TRUE(Check().clean()); }

TEST_F(AudiencesCheckTest, FindsACountThatIsWrong) {
  ExpectFound(
      [](RawDb& raw) {
        SegmentRecord segment = Segment(raw, "beta");
        ++segment.members;
        raw.Put(Column::kSegments, SegmentKey("acme", "beta"), EncodeSegmentRecord(segment));
      },
      CheckKind::kSegments, "segment \"beta\": says that it has 3 members, and it has 2");
}

TEST_F(AudiencesCheckTest, FindsAMemberWhoIsMissing) {
  ExpectFound(
      [](RawDb& raw) {
        raw.Delete(Column::kMembers, MemberKey(Segment(raw, "plan:pro").number, "alice"));
      },
      CheckKind::kAudience, "is no member of \"plan:pro\", and should be");
}

TEST_F(AudiencesCheckTest, FindsAMemberOfWhomItWasNotSaid) {
  ExpectFound(
      [](RawDb& raw) {
        raw.Put(Column::kMembers, MemberKey(Segment(raw, "beta").number, "carol"),
                EncodeMemberRecord(OnJoined({}, 1)));
      },
      CheckKind::kMembers, "is not what was said of this user");
}

TEST_F(AudiencesCheckTest, FindsMembersOfNoSegment) {
  ExpectFound(
      [](RawDb& raw) {
        raw.Put(Column::kMembers, MemberKey(77, "carol"), EncodeMemberRecord(OnJoined({}, 1)));
      },
      CheckKind::kMembers, "is of a segment that is not there");
}

TEST_F(AudiencesCheckTest, FindsAnOperationWithoutWhatItSays) {
  ExpectFound(
      [](RawDb& raw) {
        OperationRecord operation{.project = "acme"};
        operation.told = {
            .id = 5, .kind = OperationKind::kNotifySegment, .state = OperationState::kRunning};
        raw.Put(Column::kOperations, OperationKey(5), EncodeOperationRecord(operation));
      },
      CheckKind::kOperations, "operation 5: runs, and what it says is not there");
}

}  // namespace
}  // namespace belfry::store
