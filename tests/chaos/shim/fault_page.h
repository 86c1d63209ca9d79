// SPDX-License-Identifier: Apache-2.0
// The page of memory, a file, through which a test controls what the shim inside a process does to
// that process's system calls. One rule at a time.
#pragma once

#include <atomic>
#include <cstdint>

namespace belfry::chaos {

inline constexpr char kFaultPageVariable[] = "BELFRY_FAULT_PAGE";

struct FaultRule {
  enum class Call : std::uint32_t {
    kSync,     // fsync, fdatasync
    kWrite,    // write, pwrite
    kSend,     // send, sendto, sendmsg
    kReceive,  // recv, recvfrom, recvmsg that gave something
  };
  enum class Moment : std::uint32_t { kBefore, kAfter };
  enum class Act : std::uint32_t {
    kKill,   // SIGKILL to its own process
    kFail,   // says `error`; after the call: though it was done
    kDelay,  // by delay_us
    kHold,   // until the page's `released` is set
  };
  Call call = Call::kSync;
  Moment moment = Moment::kBefore;
  Act act = Act::kKill;
  std::int32_t error = 0;
  std::uint32_t delay_us = 0;
  std::uint32_t port = 0;           // kSend, kReceive: at either end of the connection
  char file[64] = {};               // kSync, kWrite: a pattern for fnmatch, "*/db/*.log"
  std::uint64_t nth = 1;            // the first match that it acts on
  std::uint64_t times = ~0ULL / 2;  // how many it acts on
};

struct FaultPage {
  std::atomic<std::uint32_t> armed;  // `rule` is whole and in force
  std::atomic<std::uint32_t> released;
  std::atomic<std::uint64_t> matches;  // since it was armed
  std::atomic<std::uint64_t> acted;
  FaultRule rule;
  // What the process takes the wall clock to be ahead, with or without a rule.
  std::atomic<std::int64_t> clock_ahead_us;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace belfry::chaos
