// SPDX-License-Identifier: Apache-2.0
// Segments, operations and erasure through the store's own service, on a real disk, across ends of
// the store.
#include <map>

#include "services/store/rocks/check/check.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

struct AudienceTest : testing::Test, StoreRig {
  void SetUp() override { Start(); }

  grpc::Status TryUpdate(v1::UpdateAudienceRequest request, v1::UpdateAudienceResponse* response) {
    request.set_project("acme");
    grpc::ClientContext context;
    SetDeadline(context);
    return stub->UpdateAudience(&context, request, response);
  }
  v1::UpdateAudienceResponse Update(const v1::UpdateAudienceRequest& request) {
    v1::UpdateAudienceResponse response;
    const grpc::Status status = TryUpdate(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static v1::UpdateAudienceRequest Request(v1::AudienceOp op, const std::string& segment,
                                           const std::vector<std::string>& users = {}) {
    v1::UpdateAudienceRequest request;
    request.set_op(op);
    request.set_segment(segment);
    request.mutable_user_ids()->Assign(users.begin(), users.end());
    return request;
  }
  v1::UpdateAudienceResponse Notify(const std::string& segment, const std::string& key,
                                    const std::vector<std::string>& excluded = {}) {
    v1::UpdateAudienceRequest request = Request(v1::AUDIENCE_OP_NOTIFY_SEGMENT, "", excluded);
    request.add_segments(segment);
    *request.mutable_item() = Item("", key);
    request.mutable_item()->set_kind(v1::ENTRY_KIND_NOTIFICATION);
    return Update(request);
  }
  v1::Operation OperationOf(std::uint64_t id) {
    v1::ReadAudienceRequest request;
    request.set_project("acme");
    request.set_kind(v1::AUDIENCE_QUERY_KIND_OPERATION);
    request.set_operation_id(id);
    v1::ReadAudienceResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->ReadAudience(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.operation();
  }
  bool IsDone(std::uint64_t id) { return OperationOf(id).state() == v1::OPERATION_STATE_DONE; }
  void Fill(const std::string& segment, int users) {
    Update(Request(v1::AUDIENCE_OP_CREATE_SEGMENT, segment));
    for (int first = 0; first < users; first += 1'000) {
      std::vector<std::string> ids;
      for (int i = first; i < std::min(users, first + 1'000); ++i) {
        ids.push_back("user-" + std::to_string(i));
      }
      Update(Request(v1::AUDIENCE_OP_ADD_MEMBERS, segment, ids));
    }
  }
  // All entries of all partitions.
  std::vector<v1::LogEntry> Log() {
    std::vector<v1::LogEntry> entries;
    const v1::GetHeadsResponse response = GetHeads();
    for (const v1::PartitionHead& head : response.heads()) {
      EXPECT_TRUE(ReadLog(head.partition(), 0, &entries).ok());
    }
    return entries;
  }
  void ExpectClean() {
    Stop();
    const auto report = CheckDirectory({.directory = config.data}, {});
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    for (const CheckFault& fault : report->faults) {
      ADD_FAILURE() << fault.key << ": " << fault.what;
    }
  }
};

TEST_F(AudienceTest, ASegmentGetsItOnceWhateverEndsMeanwhile) {
  Fill("beta", 6'000);
  const v1::UpdateAudienceResponse begun = Notify("beta", "k", {"user-7", "nobody"});
  EXPECT_EQ(begun.recipients(), 5'999);
  for (int life = 0; life < 3; ++life) {
    const std::uint64_t done = OperationOf(begun.operation_id()).done();
    ASSERT_TRUE(test::WaitUntil([&] {
      const v1::Operation now = OperationOf(begun.operation_id());
      return now.done() > done || now.state() == v1::OPERATION_STATE_DONE;
    }));
    Kill();
    Start();
  }
  EXPECT_TRUE(Notify("beta", "k", {"user-7", "nobody"}).duplicate());
  ASSERT_TRUE(test::WaitUntil([&] { return IsDone(begun.operation_id()); }));
  std::map<std::string, int> told;
  for (const v1::LogEntry& entry : Log()) {
    ++told[entry.user_id()];
  }
  EXPECT_EQ(told.size(), 5'999);
  EXPECT_FALSE(told.contains("user-7"));
  for (const auto& [user, times] : told) {
    EXPECT_EQ(times, 1) << user;
  }
  EXPECT_EQ(OperationOf(begun.operation_id()).done(), 5'999);
  ExpectClean();
}

TEST_F(AudienceTest, AnErasureIsCompleteWhateverEndsMeanwhile) {
  v1::UpdateAudienceRequest put;
  put.set_op(v1::AUDIENCE_OP_UPSERT_USERS);
  v1::User* const user = put.add_users();
  user->set_user_id("alice");
  (*user->mutable_attributes())["plan"] = "pro";
  Update(put);
  std::uint64_t last = 0;
  for (int i = 0; i < 1'500; ++i) {
    last = Store(Item("alice", "k" + std::to_string(i), "a secret"));
    if (i % 100 == 0) {
      Store(Item("bob", "b" + std::to_string(i)));
    }
  }
  const v1::UpdateAudienceResponse begun =
      Update(Request(v1::AUDIENCE_OP_ERASE_USER, "", {"alice"}));
  EXPECT_TRUE(begun.changed());
  EXPECT_EQ(ReadFeed("alice", last - 1).fault(), v1::CURSOR_FAULT_WINDOW_PASSED);
  EXPECT_EQ(ReadFeed("alice", 0, true).counts().unread_count(), 0);
  Kill();
  Start();
  ASSERT_TRUE(test::WaitUntil([&] { return IsDone(begun.operation_id()); }));
  int names = 0;
  for (const v1::LogEntry& entry : Log()) {
    names += entry.user_id() == "alice" ? 1 : 0;
    EXPECT_NE(entry.payload(), "a secret");
  }
  EXPECT_EQ(names, 1) << "the entry that says so";
  // Her keys are free again, bob's are not.
  EXPECT_FALSE(Append(Item("alice", "k0", "anew")).ok().duplicate());
  EXPECT_TRUE(Append(Item("bob", "b0")).ok().duplicate());
  ExpectClean();
}

TEST_F(AudienceTest, ARevocationIsKeptWhateverEndsMeanwhile) {
  Store(Item("alice", "k"));
  const std::int64_t at_us =
      Update(Request(v1::AUDIENCE_OP_REVOKE_TOKENS, "", {"alice"})).revoked_us();
  EXPECT_GT(at_us, 0);
  Update(Request(v1::AUDIENCE_OP_REVOKE_TOKENS, ""));
  Update(Request(v1::AUDIENCE_OP_CLOSE_STREAMS, "", {"alice"}));
  ASSERT_TRUE(test::WaitUntil(
      [this, id = Update(Request(v1::AUDIENCE_OP_ERASE_USER, "", {"alice"})).operation_id()] {
        return IsDone(id);
      }));
  Kill();
  Start();
  v1::ListRevocationsRequest request;
  request.set_limit(1);
  std::vector<v1::Revocation> all;
  do {
    v1::ListRevocationsResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->ListRevocations(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    all.insert(all.end(), response.revocations().begin(), response.revocations().end());
    request.set_after(response.next_after());
  } while (!request.after().empty());
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].user_id(), "");
  EXPECT_EQ(all[1].user_id(), "alice");
  EXPECT_EQ(all[1].project(), "acme");
  EXPECT_EQ(all[1].at_us(), at_us);
  int revoked = 0;
  int kicked = 0;
  for (const v1::LogEntry& entry : Log()) {
    revoked += entry.kind() == v1::ENTRY_KIND_REVOKED ? 1 : 0;
    kicked += entry.kind() == v1::ENTRY_KIND_KICKED ? 1 : 0;
  }
  EXPECT_EQ(revoked, 1 + static_cast<int>(GetHeads().partitions()));
  EXPECT_EQ(kicked, 1);
  EXPECT_EQ(Store(Item("alice", "again")) > 0, true);
  request.set_after("no such place");
  v1::ListRevocationsResponse response;
  grpc::ClientContext context;
  SetDeadline(context);
  EXPECT_EQ(stub->ListRevocations(&context, request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  ExpectClean();
}

TEST_F(AudienceTest, NamesWhatIsWrongInARequest) {
  v1::UpdateAudienceResponse response;
  const auto refused = [&](const v1::UpdateAudienceRequest& request) {
    return wire::FromGrpc(TryUpdate(request, &response));
  };
  const Error unnamed = refused(Request(v1::AUDIENCE_OP_CREATE_SEGMENT, "a b"));
  EXPECT_EQ(unnamed.code, Code::kInvalidArgument);
  ASSERT_EQ(unnamed.violations.size(), 1);
  EXPECT_EQ(unnamed.violations[0].field, "segment");
  EXPECT_EQ(refused(Request(v1::AUDIENCE_OP_ADD_MEMBERS, "beta", {"alice"})).reason,
            "SEGMENT_UNKNOWN");
  v1::UpdateAudienceRequest put;
  put.set_op(v1::AUDIENCE_OP_UPSERT_USERS);
  (*put.add_users()->mutable_attributes())["plan"] = "a,b";
  EXPECT_EQ(refused(put).violations.size(), 2);
}

}  // namespace
}  // namespace belfry::store
