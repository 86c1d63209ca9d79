// SPDX-License-Identifier: Apache-2.0
// What the kernel knows about processes: memory and processor time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace belfry::bench {

struct Memory {
  std::int64_t resident_bytes = 0;
  std::int64_t private_dirty_bytes = 0;  // what only this process costs
};
Memory MemoryOf(pid_t pid);

// What the process has handed to write calls since it began, to files and sockets.
std::int64_t WrittenBytes(pid_t pid);

// User and system time since the process began.
double CpuSeconds(pid_t pid);

// Blocks until the process uses hardly any processor time: its idle state is reached.
void WaitUntilIdle(pid_t pid);

// How busy each process was between its making and Report.
class CpuWatch {
 public:
  explicit CpuWatch(std::vector<std::pair<std::string, pid_t>> processes);
  // "store 35 %, edge-1 80 %, bench 90 %", of one core each.
  std::string Report() const;

 private:
  std::vector<std::pair<std::string, pid_t>> processes_;
  std::vector<double> before_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace belfry::bench
