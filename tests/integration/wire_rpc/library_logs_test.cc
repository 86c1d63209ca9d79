// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/library_logs.h"

#include <gmock/gmock.h>
#include <grpc/grpc.h>
#include <grpc/support/log.h>
#include <gtest/gtest.h>

#include <string>

namespace belfry::wire {
namespace {

using ::testing::HasSubstr;

std::size_t CountOf(const std::string& what, const std::string& text) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    ++count;
  }
  return count;
}

// Before, a peer whose headers could not be parsed filled the log with a line for each.
TEST(LibraryLogs, APlaceThatLogsAgainAndAgainIsLeftOut) {
  grpc_init();  // before that it logs nothing
  RouteLibraryLogs(Log::Make("test", LogLevel::kInfo, LogFormat::kJson));
  testing::internal::CaptureStderr();
  for (int i = 0; i < 1'000; ++i) {
    gpr_log(GPR_ERROR, "cannot parse header %d", i);
  }
  gpr_log(GPR_ERROR, "something else");
  const std::string logged = testing::internal::GetCapturedStderr();
  grpc_shutdown();
  EXPECT_THAT(logged, HasSubstr("cannot parse header 0"));
  EXPECT_EQ(CountOf("cannot parse header", logged), 5U) << logged;
  EXPECT_EQ(CountOf("something else", logged), 1U) << "another place has lines of its own";
}

}  // namespace
}  // namespace belfry::wire
