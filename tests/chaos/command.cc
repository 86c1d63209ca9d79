// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/command.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/process.h"

namespace belfry::chaos {

Status Run(const std::vector<std::string>& argv, const std::string& scratch) {
  const std::string log = scratch + "/command.log";
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  auto process = test::Process::Start(argv, log);
  if (!process.ok()) {
    return Fail(std::move(process).error());
  }
  const auto status = (*process)->WaitForEnd(test::kPatience);
  if (status == 0) {
    return {};
  }
  std::ostringstream said;
  said << std::ifstream(log).rdbuf();
  std::string line;
  for (const std::string& word : argv) {
    line += word + " ";
  }
  return Fail(Code::kUnavailable, line + "failed: " + said.str());
}

}  // namespace belfry::chaos
