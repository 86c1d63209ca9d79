// SPDX-License-Identifier: Apache-2.0
#include "libs/common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace belfry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// What `write` puts on stderr.
template <typename Write>
std::string Captured(Write write) {
  ::testing::internal::CaptureStderr();
  write();
  return ::testing::internal::GetCapturedStderr();
}

constexpr char kTime[] = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z";

TEST(Log, WritesAJsonObjectALine) {
  const Log log = Log::Make("store", LogLevel::kInfo, LogFormat::kJson).Room("grpc");
  const std::string line = Captured([&] {
    log.Info("listening", {{"address", "127.0.0.1:7200"},
                           {"partitions", 16},
                           {"id", std::numeric_limits<std::uint64_t>::max()},
                           {"low", std::int64_t{-1}},
                           {"ok", true},
                           {"seconds", 0.25},
                           {"nan", std::nan("")}});
  });
  EXPECT_THAT(line, MatchesRegex(R"(\{"ts":")" + std::string(kTime) +
                                 R"(","level":"info","service":"store","room":"grpc",)"
                                 R"("msg":"listening","address":"127.0.0.1:7200","partitions":16,)"
                                 R"("id":18446744073709551615,"low":-1,"ok":true,"seconds":0.25,)"
                                 R"("nan":null\})"
                                 "\n"));
}

TEST(Log, WritesAnErrorWithItsCode) {
  const Log log = Log::Make("store", LogLevel::kInfo, LogFormat::kJson);
  const Error error{Code::kUnavailable, "commit batch of 128: disk full"};
  EXPECT_THAT(
      Captured([&] {
        log.Error("stopping", {{"error", error}});
      }),
      HasSubstr(R"("msg":"stopping","error":"UNAVAILABLE: commit batch of 128: disk full"})"));
}

TEST(Log, WritesAReadableFormForTerminals) {
  const Log log = Log::Make("edge", LogLevel::kDebug, LogFormat::kConsole);
  EXPECT_THAT(
      Captured([&] {
        log.Room("http").Warn("slow", {{"peer", "::1"}, {"ms", 12}});
      }),
      MatchesRegex(std::string(kTime) + R"( warn  edge/http: slow peer="::1" ms=12)" + "\n"));
  EXPECT_THAT(Captured([&] { log.Debug("hi"); }),
              MatchesRegex(std::string(kTime) + " debug edge: hi\n"));
}

TEST(Log, TextFromOutsideNeverBreaksALine) {
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kConsole}) {
    const Log log = Log::Make("edge", LogLevel::kInfo, format);
    const std::string text = Captured([&] {
      log.Info("a\r\nb {} %s", {{"x", std::string("\n{\"level\":\"error\"}\x1B[2J\xFF\0", 24)}});
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find('\x1B'), std::string::npos);
    EXPECT_EQ(text.find('\0'), std::string::npos);
    EXPECT_THAT(text, HasSubstr(R"(a\r\nb {} %s)"));
  }
}

TEST(Log, WritesNothingBelowItsLevelAndNothingByDefault) {
  EXPECT_EQ(Captured([] {
              const Log log = Log::Make("edge", LogLevel::kWarn, LogFormat::kJson);
              log.Debug("no");
              log.Info("no");
              Log().Error("no");
              Log().Room("x").Flush();
              Log::Make("edge", LogLevel::kOff, LogFormat::kJson).Error("no");
            }),
            "");
}

TEST(Log, AutoIsJsonWhenStderrIsNoTerminal) {
  EXPECT_THAT(Captured([] { Log::Make("edge", LogLevel::kInfo, LogFormat::kAuto).Info("x"); }),
              HasSubstr(R"("msg":"x"})"));
}

TEST(Log, LinesOfManyThreadsStayWhole) {
  const Log log = Log::Make("edge", LogLevel::kInfo, LogFormat::kJson);
  const std::string text = Captured([&] {
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([log, thread] {
        for (int i = 0; i < 200; ++i) {
          log.Room("r").Info("line", {{"thread", thread}, {"i", i}});
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
  std::size_t lines = 0;
  for (std::size_t begin = 0; begin < text.size(); ++lines) {
    const std::size_t end = text.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    ASSERT_EQ(text.compare(begin, 7, R"({"ts":")"), 0);
    ASSERT_EQ(text[end - 1], '}');
    begin = end + 1;
  }
  EXPECT_EQ(lines, 800U);
}

}  // namespace
}  // namespace belfry
