// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/proc_stats.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <thread>

namespace belfry::bench {
namespace {

constexpr std::chrono::milliseconds kIdleLook{500};
constexpr double kIdleSeconds = 0.02;  // of kIdleLook; heads are announced even when all is quiet
constexpr int kIdleLooksMax = 60;

}  // namespace

Memory MemoryOf(pid_t pid) {
  Memory memory;
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      continue;
    }
    const std::int64_t bytes = std::strtoll(line.c_str() + colon + 1, nullptr, 10) * 1024;
    if (line.starts_with("Rss:")) {
      memory.resident_bytes = bytes;
    }
    if (line.starts_with("Private_Dirty:")) {
      memory.private_dirty_bytes = bytes;
    }
  }
  return memory;
}

std::int64_t WrittenBytes(pid_t pid) {
  std::ifstream io("/proc/" + std::to_string(pid) + "/io");
  constexpr std::string_view kWritten = "wchar: ";
  for (std::string line; std::getline(io, line);) {
    if (line.starts_with(kWritten)) {
      return std::strtoll(line.c_str() + kWritten.size(), nullptr, 10);
    }
  }
  return 0;
}

double CpuSeconds(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat{std::istreambuf_iterator<char>(file), {}};
  // The name in parentheses may hold spaces; user and system time are the 12th and 13th field
  // after it.
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void WaitUntilIdle(pid_t pid) {
  for (int i = 0; i < kIdleLooksMax; ++i) {
    const double before = CpuSeconds(pid);
    std::this_thread::sleep_for(kIdleLook);
    if (CpuSeconds(pid) - before <= kIdleSeconds) {
      return;
    }
  }
}

CpuWatch::CpuWatch(std::vector<std::pair<std::string, pid_t>> processes)
    : processes_(std::move(processes)), began_(std::chrono::steady_clock::now()) {
  for (const auto& [name, pid] : processes_) {
    before_.push_back(CpuSeconds(pid));
  }
}

std::string CpuWatch::Report() const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began_;
  std::string text;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    const double used = CpuSeconds(processes_[i].second) - before_[i];
    const auto percent = std::lround(100 * used / elapsed.count());
    text += (text.empty() ? "" : ", ") + processes_[i].first + " " + std::to_string(percent) + " %";
  }
  return text;
}

}  // namespace belfry::bench
