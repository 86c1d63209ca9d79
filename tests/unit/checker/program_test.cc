// SPDX-License-Identifier: Apache-2.0
// belfry-checker as it is called.
#include "tests/support/checker/program.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/checker/history_jsonl.h"
#include "tests/support/checker/publish_index.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/checker/checker_fixture.h"

namespace belfry::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ProgramTest : public CheckerTest {
 protected:
  // The exit code; out_ and err_ are what it wrote.
  int Run(std::vector<const char*> arguments, const std::string& in = {}) {
    arguments.insert(arguments.begin(), "belfry-checker");
    std::istringstream input(in);
    std::ostringstream out, err;
    const int code =
        RunChecker(static_cast<int>(arguments.size()), arguments.data(), input, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }
  std::string Text() const {
    std::ostringstream text;
    WriteHistory(history_, text);
    return text.str();
  }

  std::string out_, err_;
};

TEST_F(ProgramTest, ReadsAFileOrItsInputAndSaysWhatIsKept) {
  const TempDir dir;
  const std::string file = dir.Write("history.jsonl", Text());
  EXPECT_EQ(Run({"--partitions", "1", file.c_str()}), 0) << out_ << err_;
  const std::string from_file = out_;
  EXPECT_EQ(Run({"--partitions=1", "-"}, Text()), 0);
  EXPECT_EQ(out_, from_file);
  EXPECT_EQ(out_, Judge().ToString());
  EXPECT_THAT(out_,
              HasSubstr("\ndurable:                        kept (6 acknowledged publishes)\n"));
  EXPECT_THAT(out_, HasSubstr("\ntimely:                         not judged (no bound was given"));
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(ProgramTest, SaysWhatIsBroken) {
  Forget("tab", "a-2");
  EXPECT_EQ(Run({"--partitions", "1", "-"}, Text()), 1);
  EXPECT_THAT(out_, HasSubstr("\nno silent gaps:                 BROKEN 1 ("));
  EXPECT_THAT(out_, HasSubstr("client tab: the cursor passed 13 without telling it; ids 13"));
}

TEST_F(ProgramTest, TakesTheNumberOfPartitionsFromTheLogs) {
  Store();
  EXPECT_EQ(Run({"-"}, Text()), 0) << out_;
  EXPECT_EQ(Run({"--partitions", "16", "-"}, Text()), 1)
      << "alice's and bob's partitions are two of sixteen";
}

TEST_F(ProgramTest, TakesWhatTheRunAllowed) {
  options_.resets_allowed = true;
  Reset(ClientOf("phone"), "window_passed", 16, 17);
  EXPECT_EQ(Run({"--partitions=1", "-"}, Text()), 1);
  EXPECT_EQ(Run({"--partitions=1", "--resets-allowed", "-"}, Text()), 0) << out_;
}

TEST_F(ProgramTest, TakesABoundAndAnAllowance) {
  Bookmark(ClientOf("bobs"), 17);
  ClientOf("bobs").events.back().at_us = 90'000'000;
  AddPublish("b-3", "bob", 18);
  PublishOf("b-3").asked_us = PublishOf("b-3").answered_us = 91'000'000;
  Notify(ClientOf("bobs"), 18, "b-3");
  ClientOf("bobs").events.back().at_us = 95'000'000;
  history_.troubles = {{"SIGSTOP store", 90'500'000, 91'500'000}};
  EXPECT_EQ(Run({"--partitions=1", "-"}, Text()), 0);
  EXPECT_EQ(Run({"--partitions=1", "--timely", "2s", "-"}, Text()), 0) << "10 s to recover" << out_;
  EXPECT_EQ(Run({"--partitions=1", "--timely=2s", "--recovery=1500ms", "-"}, Text()), 0) << out_;
  EXPECT_EQ(Run({"--partitions=1", "--timely=2s", "--recovery=1s", "-"}, Text()), 1) << out_;
  EXPECT_THAT(out_, HasSubstr("timely:                         BROKEN 1"));
}

TEST_F(ProgramTest, WritesJson) {
  EXPECT_EQ(Run({"--partitions=1", "--json", "-"}, Text()), 0);
  EXPECT_THAT(out_, HasSubstr(R"({"kept":true,"counts":{"acknowledged":6,)"));
  EXPECT_THAT(out_, HasSubstr(R"({"clause":"timely","outcome":"not judged","judged":0)"));
  Forget("tab", "a-2");
  EXPECT_EQ(Run({"--partitions=1", "--json", "-"}, Text()), 1);
  EXPECT_THAT(out_, HasSubstr(R"("clause":"no silent gaps","outcome":"BROKEN")"));
  EXPECT_THAT(out_, HasSubstr(R"("ids":["13"])"));
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '\n'), 1);
}

TEST_F(ProgramTest, SaysWhatItCannotRead) {
  EXPECT_EQ(Run({"/no/such/file"}), 2);
  EXPECT_THAT(err_, HasSubstr("/no/such/file: cannot be opened: No such file"));
  EXPECT_EQ(Run({"/"}), 2);
  EXPECT_EQ(Run({"-"}, "{\"type\":\"history\",\"version\":1}\nnonsense\n"), 2);
  EXPECT_THAT(err_, HasSubstr("-: line 2: not JSON"));
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"--timely", "2", "-"}, Text()), 2) << "a duration without a unit";
  EXPECT_EQ(Run({"--partitions", "0", "-"}, Text()), 2);
  EXPECT_EQ(Run({"--nonsense", "-"}, Text()), 2);
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(ProgramTest, TheDocumentsExampleIsKept) {
  const char* const root = std::getenv("BELFRY_SOURCE_DIR");
  ASSERT_NE(root, nullptr) << "run by ctest, which sets BELFRY_SOURCE_DIR";
  std::ifstream document(std::string(root) + "/docs/history-format.md");
  std::string example;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("{\"type\":")) {
      example += line + "\n";
    }
  }
  EXPECT_EQ(Run({"--timely=2s", "--recovery=1s", "-"}, example), 0) << out_ << err_;
  EXPECT_THAT(out_, HasSubstr("1 acknowledged, 0 unknown, 0 rejected; 1 read from the store; 1"));
}

TEST_F(ProgramTest, ExplainsItself) {
  EXPECT_EQ(Run({"--help"}), 0);
  for (const char* word : {"--partitions", "--resets-allowed", "--timely", "--recovery", "--json",
                           "docs/history-format.md", "not judged", "Exit code"}) {
    EXPECT_THAT(out_, HasSubstr(word));
  }
}

TEST_F(ProgramTest, AnUnknownThatIsStoredCountsAsCommitted) {
  Store();
  AppendStored(17, "maybe-1", "alice");
  const auto committed = AsCommitted(history_.publishes, history_.stored);
  for (const Publish& publish : committed) {
    const bool rejected = publish.tag == "no-1";
    EXPECT_EQ(publish.outcome, rejected ? Outcome::kRejected : Outcome::kAcknowledged);
    if (publish.tag == "maybe-1") {
      EXPECT_EQ(publish.ids, std::vector<EntryId>{17});
    }
  }
  EXPECT_EQ(AsCommitted(history_.publishes, {}).back().outcome, Outcome::kUnknown);
}

}  // namespace
}  // namespace belfry::test
