// SPDX-License-Identifier: Apache-2.0
// belfry-store drop-project, of a store that serves and of one that does not.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "services/store/grpc/control_client.h"
#include "tests/integration/store/command_call.h"
#include "tests/integration/store/store_rig.h"
#include "tests/support/wait.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

struct DropCommandTest : testing::Test, StoreRig {
  void SetUp() override {
    Start();
    for (int i = 0; i < 600; ++i) {
      Store(Item("user" + std::to_string(i % 5), "k" + std::to_string(i)));
    }
    v1::AppendItem other = Item("alice", "other");
    other.set_project("rival");
    ASSERT_TRUE(Append(other).has_ok());
  }

  Called Drop(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"drop-project", project, "--data", config.data};
    words.insert(words.end(), more.begin(), more.end());
    return Call(words);
  }
  Called DropConfirmed() { return Drop({"--yes-drop", project}); }
  void ExpectGone() {
    EXPECT_EQ(ReadFeed("user1", 0).entries_size(), 0);
    Stop();
    const Called checked = Call({"check", "--data", config.data});
    EXPECT_EQ(checked.exit, kDone) << checked.out << checked.err;
    Start();
    EXPECT_EQ(EntriesOfRival(), 1) << "others keep theirs";
  }

  int EntriesOfRival() {
    v1::ReadFeedRequest request;
    v1::FeedQuery* const query = request.add_queries();
    query->set_project("rival");
    query->set_user_id("alice");
    v1::ReadFeedResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    EXPECT_TRUE(stub->ReadFeed(&context, request, &response).ok());
    return response.pages_size() == 1 ? response.pages(0).entries_size() : -1;
  }

  const std::string project = Item("alice", "k").project();
};

TEST_F(DropCommandTest, WantsTheNameTwice) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"--yes-drop", "rival"}, {"--yes-drop", ""}}) {
    const Called called = Drop(words);
    EXPECT_EQ(called.exit, kUsage);
    EXPECT_THAT(called.err, HasSubstr("add --yes-drop " + project));
  }
  EXPECT_EQ(Call({"drop-project"}).exit, kUsage);
  EXPECT_GT(ReadFeed("user1", 0).entries_size(), 0);
}

TEST_F(DropCommandTest, OfAStoreAtWorkWaitsUntilAllIsGone) {
  const Called called = DropConfirmed();
  ASSERT_EQ(called.exit, kDone) << called.err;
  EXPECT_THAT(called.out, HasSubstr("600 entries cleared"));
  ExpectGone();
}

TEST_F(DropCommandTest, OfAStoppedStoreIsDoneByTheCommandItself) {
  Kill();
  const Called called = DropConfirmed();
  ASSERT_EQ(called.exit, kDone) << called.err;
  Start();
  ExpectGone();
}

TEST_F(DropCommandTest, GoesOnWithAStoreThatWasKilled) {
  const auto begun = RequestDrop(config.data, project, 0);
  ASSERT_TRUE(begun.ok()) << begun.error().ToString();
  Kill();
  Start();
  ASSERT_TRUE(test::WaitUntil([&] {
    const auto progress = RequestDrop(config.data, project, begun->operation_id);
    return progress.ok() && progress->done;
  }));
  ExpectGone();
  const auto unknown = RequestDrop(config.data, "rival", begun->operation_id);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace belfry::store
