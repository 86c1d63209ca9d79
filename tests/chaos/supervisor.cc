// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/common/check.h"
#include "libs/common/signals.h"
#include "tests/chaos/needs.h"
#include "tests/chaos/report.h"
#include "tests/chaos/scene.h"
#include "tests/support/cluster/process.h"

namespace belfry::chaos {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Beside the rounds: set-up, the last catching up, the checker.
constexpr std::chrono::seconds kAroundRounds{180};
constexpr std::chrono::milliseconds kPulse{50};

std::string MakeDirectory(const std::string& row) {
  std::string pattern = (fs::temp_directory_path() / ("belfry-chaos-" + row + "-XXXXXX")).string();
  BELFRY_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

std::string OutcomePath(const std::string& directory) { return directory + "/outcome.json"; }

void Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
}

Result<Outcome> ReadOutcome(const std::string& directory) {
  std::ifstream file(OutcomePath(directory));
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) {
    return Fail(Code::kNotFound, "it left no outcome");
  }
  return OutcomeFromJson(text.str());
}

std::string Ending(std::optional<int> status) {
  if (!status) {
    return "it did not end in time";
  }
  if (WIFSIGNALED(*status)) {
    return "its process died of signal " + std::to_string(WTERMSIG(*status));
  }
  return "its process ended with " + std::to_string(WEXITSTATUS(*status));
}

void RemoveDirectory(const std::string& directory) {
  std::error_code ignored;
  fs::remove_all(directory, ignored);
}

Outcome Collect(const Row& row, const std::string& directory, std::optional<int> status) {
  Outcome outcome;
  auto left = ReadOutcome(directory);
  if (left.ok() && status) {
    outcome = *std::move(left);
  } else {
    outcome.why = Ending(status);
  }
  outcome.row = row.name;
  outcome.expected = row.expected;
  if (outcome.verdict == Outcome::Verdict::kBroken) {
    outcome.left = directory;
  } else {
    RemoveDirectory(directory);
  }
  return outcome;
}

}  // namespace

std::optional<Outcome> Supervise(const Row& row, const SuperviseOptions& options) {
  const auto began = Clock::now();
  const int rounds = options.long_form ? row.rounds_long : row.rounds;
  const std::string directory = MakeDirectory(row.name);
  auto process =
      test::Process::Start({fs::read_symlink("/proc/self/exe").string(), "--run-row=" + row.name,
                            "--rounds=" + std::to_string(rounds),
                            "--seed=" + std::to_string(options.seed), "--directory=" + directory},
                           directory + "/row.log");
  BELFRY_CHECK(process.ok());
  const auto deadline = began + kAroundRounds + rounds * row.round_max;
  std::optional<int> status;
  while (!(status = (*process)->WaitForEnd(kPulse)) && Clock::now() < deadline) {
    if (WaitForSignal(std::chrono::milliseconds(0)) == Signal::kTerminate) {
      (*process)->Kill();
      RemoveDirectory(directory);
      return std::nullopt;
    }
  }
  (*process)->Kill();
  Outcome outcome = Collect(row, directory, status);
  outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  return outcome;
}

int RunRow(const Row& row, const RunOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  setenv("TMPDIR", options.directory.c_str(), 1);
  setenv("BELFRY_BIN_DIR", fs::read_symlink("/proc/self/exe").parent_path().c_str(), 1);
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);

  Outcome outcome;
  if (const auto reason = Provide(row.needs)) {
    outcome.verdict = Outcome::Verdict::kSkipped;
    outcome.why = *reason;
    Write(OutcomePath(options.directory), ToJson(outcome));
    return 0;
  }
  Scene scene(options);
  row.run(scene);
  outcome = scene.Judge();
  if (outcome.verdict == Outcome::Verdict::kBroken) {
    Write(options.directory + "/history.jsonl", scene.HistoryText());
  }
  Write(OutcomePath(options.directory), ToJson(outcome));
  if (outcome.verdict == Outcome::Verdict::kBroken) {
    // Without clean-up: logs and data stay, and the kernel ends what was started.
    std::fflush(nullptr);
    _exit(0);
  }
  return 0;
}

}  // namespace belfry::chaos
