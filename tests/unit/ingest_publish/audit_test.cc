// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/audit.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "services/ingest/audit/audit_log.h"
#include "tests/support/temp_dir.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

struct Lines final : AuditSink {
  void Write(std::string line) override { lines.push_back(std::move(line)); }
  std::vector<std::string> lines;
};

constexpr AuditTrail::Head Head() {
  return {1'700'000'000'000'000, "rest", "POST /v1/notify", "10.0.0.7"};
}

TEST(AuditTrail, WritesOneLineWhenTheCallHasEnded) {
  Lines sink;
  {
    const auto trail = std::make_shared<AuditTrail>(sink, Head());
    trail->SetKey("backend", "shop");
    trail->Target("user:al\"ice\n");
    trail->Accept(17);
    trail->Target("broadcast");
    trail->Refuse({Code::kResourceExhausted, "text", "QUOTA_EXCEEDED"});
    trail->Refuse({Code::kInternal, "text"});
    EXPECT_TRUE(sink.lines.empty());
  }
  EXPECT_THAT(
      sink.lines,
      ElementsAre("{\"time\":\"2023-11-14T22:13:20.000000Z\",\"transport\":\"rest\","
                  "\"method\":\"POST /v1/notify\",\"peer\":\"10.0.0.7\",\"key\":\"backend\","
                  "\"project\":\"shop\",\"targets\":[\"user:al\\\"ice\\n\",\"broadcast\"],"
                  "\"targetCount\":2,\"ids\":[\"17\"],\"accepted\":1,\"refused\":2,"
                  "\"reason\":\"QUOTA_EXCEEDED\"}\n"));
}

TEST(AuditTrail, KeepsTheFirstNamesAndCountsAll) {
  Lines sink;
  {
    AuditTrail trail(sink, Head());
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
      trail.Target("user:u" + std::to_string(i));
      trail.Accept(i);
    }
  }
  ASSERT_EQ(sink.lines.size(), 1u);
  EXPECT_THAT(sink.lines[0], HasSubstr("\"targetCount\":1000"));
  EXPECT_THAT(sink.lines[0], HasSubstr("\"accepted\":1000"));
  EXPECT_THAT(sink.lines[0], HasSubstr("\"user:u10\"]"));
  EXPECT_THAT(sink.lines[0], Not(HasSubstr("\"user:u11\"")));
  EXPECT_LT(sink.lines[0].size(), 1'000u);
}

TEST(AuditTrail, ACallThatOnlyReadsHasNoLine) {
  Lines sink;
  { AuditTrail(sink, Head()).SetKey("backend", "shop"); }
  EXPECT_TRUE(sink.lines.empty());
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(AuditLog, AppendsToItsFileAndOpensItAnew) {
  const test::TempDir dir;
  const auto path = dir.path() / "audit.log";
  std::ofstream(path) << "before\n";
  auto log = AuditLog::Open(path.string(), {}, {});
  ASSERT_TRUE(log.ok());
  (*log)->Write("one\n");
  log->reset();
  EXPECT_EQ(Content(path), "before\none\n");

  log = AuditLog::Open(path.string(), {}, {});
  ASSERT_TRUE(log.ok());
  std::filesystem::rename(path, dir.path() / "audit.log.1");
  (*log)->Reopen();
  (*log)->Write("two\n");
  log->reset();
  EXPECT_EQ(Content(path), "two\n");
  struct stat made {};
  ASSERT_EQ(::stat(path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
  EXPECT_EQ(Content(dir.path() / "audit.log.1"), "before\none\n");
}

TEST(AuditLog, NamesAFileThatItCannotOpen) {
  const auto log = AuditLog::Open("/nowhere/audit.log", {}, {});
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.error().message, HasSubstr("open /nowhere/audit.log: No such file"));
}

TEST(AuditLog, WhoeverWritesNeverWaitsForTheFile) {
  std::signal(SIGPIPE, SIG_IGN);
  const test::TempDir dir;
  const std::string path = (dir.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);  // takes nothing
  ASSERT_GE(reader, 0);
  Metrics metrics;
  auto log = AuditLog::Open(path, AuditLogMetrics::Make(metrics), {});
  ASSERT_TRUE(log.ok());
  const std::string line(10'000, 'x');
  // The pipe takes 64 KiB, one turn of the thread at most what the queue holds, the queue the same.
  for (std::size_t bytes = 0; bytes < 3 * AuditLog::kQueueBytesMax; bytes += line.size()) {
    (*log)->Write(line);
  }
  EXPECT_THAT(metrics.Expose(), Not(HasSubstr("belfry_ingest_audit_lines_dropped_total 0")));
  ::close(reader);  // the thread's write fails, and it goes on
  log->reset();
  EXPECT_THAT(metrics.Expose(), HasSubstr("belfry_ingest_audit_lines_total "));
}

}  // namespace
}  // namespace belfry::ingest
