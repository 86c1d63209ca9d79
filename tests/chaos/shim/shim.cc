// SPDX-License-Identifier: Apache-2.0
// A library to preload: system calls that fail, wait or are the last thing their process does, when
// the fault page says so. Without a page, or while it is not armed, they are what they always were.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <initializer_list>

#include "tests/chaos/shim/fault_page.h"

namespace {

using belfry::chaos::FaultPage;
using belfry::chaos::FaultRule;
using Call = FaultRule::Call;
using Moment = FaultRule::Moment;

FaultPage* MapPage() {
  const char* path = getenv(belfry::chaos::kFaultPageVariable);
  if (path == nullptr) {
    return nullptr;
  }
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return nullptr;
  }
  void* page = mmap(nullptr, sizeof(FaultPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return page == MAP_FAILED ? nullptr : static_cast<FaultPage*>(page);
}

FaultPage* Page() {
  static FaultPage* const page = MapPage();
  return page;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool FileMatches(int fd, const char* pattern) {
  char link[64];
  char path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) {
    return false;
  }
  path[size] = '\0';
  return fnmatch(pattern, path, 0) == 0;
}

bool PortMatches(int fd, std::uint32_t port) {
  for (const auto name_of : {getsockname, getpeername}) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (name_of(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      continue;
    }
    // The port lies at the same place for IPv4 and IPv6.
    if (address.ss_family != AF_INET && address.ss_family != AF_INET6) {
      continue;
    }
    if (ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port) == port) {
      return true;
    }
  }
  return false;
}

// The rule, if it is to act on this call.
const FaultRule* RuleFor(Call call, int fd) {
  FaultPage* const page = Page();
  if (page == nullptr || page->armed.load(std::memory_order_acquire) == 0) {
    return nullptr;
  }
  const FaultRule& rule = page->rule;
  if (rule.call != call) {
    return nullptr;
  }
  const int saved = errno;
  const bool on_file = call == Call::kSync || call == Call::kWrite;
  const bool matches = on_file ? FileMatches(fd, rule.file) : PortMatches(fd, rule.port);
  errno = saved;
  if (!matches) {
    return nullptr;
  }
  const std::uint64_t nth = page->matches.fetch_add(1) + 1;
  return nth >= rule.nth && nth - rule.nth < rule.times ? &rule : nullptr;
}

// Whether the call is to say that it failed.
bool Act(const FaultRule& rule) {
  FaultPage* const page = Page();
  page->acted.fetch_add(1);
  switch (rule.act) {
    case FaultRule::Act::kKill:
      kill(getpid(), SIGKILL);
      break;
    case FaultRule::Act::kFail:
      errno = rule.error;
      return true;
    case FaultRule::Act::kDelay:
      usleep(rule.delay_us);
      break;
    case FaultRule::Act::kHold:
      while (page->released.load() == 0) {
        usleep(1000);
      }
      break;
  }
  return false;
}

template <typename Done>
auto Around(Call call, int fd, Done done) -> decltype(done()) {
  const FaultRule* rule = call == Call::kReceive ? nullptr : RuleFor(call, fd);
  if (rule != nullptr && rule->moment == Moment::kBefore && Act(*rule)) {
    return -1;
  }
  const auto result = done();
  // A receive without bytes is only a poll.
  if (call == Call::kReceive && result > 0) {
    rule = RuleFor(call, fd);
  }
  if (rule != nullptr && rule->moment == Moment::kAfter) {
    const int saved = errno;
    if (Act(*rule)) {
      return -1;
    }
    errno = saved;
  }
  return result;
}

constexpr std::int64_t kMicros = 1'000'000;

std::int64_t ClockAhead() {
  FaultPage* const page = Page();
  return page == nullptr ? 0 : page->clock_ahead_us.load(std::memory_order_relaxed);
}

// `by_us` later.
timespec Moved(const timespec& time, std::int64_t by_us) {
  const std::int64_t nanos = time.tv_nsec + by_us % kMicros * 1000;
  timespec moved;
  moved.tv_sec = time.tv_sec + by_us / kMicros + nanos / 1'000'000'000;
  moved.tv_nsec = nanos % 1'000'000'000;
  if (moved.tv_nsec < 0) {
    moved.tv_nsec += 1'000'000'000;
    --moved.tv_sec;
  }
  return moved;
}

// A moment that can only be one of the wall clock's: the steady one counts from the machine's
// start.
bool IsWallTime(const timespec& time) { return time.tv_sec > 1'000'000'000 / 2; }

}  // namespace

// The names are libc's; what is declared there is declared here again.
extern "C" {

#define BELFRY_EXPORT __attribute__((visibility("default")))

BELFRY_EXPORT int fsync(int fd) {
  static const auto real = Real<int(int)>("fsync");
  return Around(Call::kSync, fd, [&] { return real(fd); });
}

BELFRY_EXPORT int fdatasync(int fd) {
  static const auto real = Real<int(int)>("fdatasync");
  return Around(Call::kSync, fd, [&] { return real(fd); });
}

BELFRY_EXPORT ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = Real<ssize_t(int, const void*, size_t)>("write");
  return Around(Call::kWrite, fd, [&] { return real(fd, bytes, size); });
}

BELFRY_EXPORT ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static const auto real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return Around(Call::kWrite, fd, [&] { return real(fd, bytes, size, at); });
}

BELFRY_EXPORT ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static const auto real = Real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return Around(Call::kWrite, fd, [&] { return real(fd, bytes, size, at); });
}

BELFRY_EXPORT ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto real = Real<ssize_t(int, const void*, size_t, int)>("send");
  return Around(Call::kSend, fd, [&] { return real(fd, bytes, size, flags); });
}

BELFRY_EXPORT ssize_t sendto(int fd, const void* bytes, size_t size, int flags,
                             const sockaddr* address, socklen_t address_size) {
  static const auto real =
      Real<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto");
  return Around(Call::kSend, fd,
                [&] { return real(fd, bytes, size, flags, address, address_size); });
}

BELFRY_EXPORT ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = Real<ssize_t(int, const msghdr*, int)>("sendmsg");
  return Around(Call::kSend, fd, [&] { return real(fd, message, flags); });
}

BELFRY_EXPORT ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  static const auto real = Real<ssize_t(int, void*, size_t, int)>("recv");
  return Around(Call::kReceive, fd, [&] { return real(fd, bytes, size, flags); });
}

BELFRY_EXPORT ssize_t recvfrom(int fd, void* bytes, size_t size, int flags, sockaddr* address,
                               socklen_t* address_size) {
  static const auto real =
      Real<ssize_t(int, void*, size_t, int, sockaddr*, socklen_t*)>("recvfrom");
  return Around(Call::kReceive, fd,
                [&] { return real(fd, bytes, size, flags, address, address_size); });
}

BELFRY_EXPORT ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto real = Real<ssize_t(int, msghdr*, int)>("recvmsg");
  return Around(Call::kReceive, fd, [&] { return real(fd, message, flags); });
}

BELFRY_EXPORT int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real = Real<int(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    *time = Moved(*time, ClockAhead());
  }
  return result;
}

BELFRY_EXPORT int gettimeofday(timeval* time, void* zone) {
  static const auto real = Real<int(timeval*, void*)>("gettimeofday");
  const int result = real(time, zone);
  if (result == 0) {
    const timespec moved = Moved({time->tv_sec, time->tv_usec * 1000}, ClockAhead());
    *time = {moved.tv_sec, moved.tv_nsec / 1000};
  }
  return result;
}

BELFRY_EXPORT time_t time(time_t* to) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (to != nullptr) {
    *to = now.tv_sec;
  }
  return now.tv_sec;
}

// The kernel waits by the machine's own clock.
BELFRY_EXPORT int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                         const timespec* until) {
  using Wait = int(pthread_cond_t*, pthread_mutex_t*, const timespec*);
  static const auto real =
      reinterpret_cast<Wait*>(dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"));
  const timespec moved = IsWallTime(*until) ? Moved(*until, -ClockAhead()) : *until;
  return real(condition, mutex, &moved);
}

// Abseil's condition variables, and so gRPC's timers, wait on a futex until a wall time.
BELFRY_EXPORT long syscall(long number, ...) noexcept {
  using SystemCall = long(long, ...);
  // No local static with a guard: a contended guard is a futex call itself.
  static std::atomic<SystemCall*> real{nullptr};
  if (real.load() == nullptr) {
    real.store(Real<SystemCall>("syscall"));
  }
  long args[6];
  va_list list;
  va_start(list, number);
  for (long& arg : args) {
    arg = va_arg(list, long);
  }
  va_end(list);
  timespec moved{};
  const auto* until = reinterpret_cast<const timespec*>(args[3]);
  if (number == SYS_futex && (args[1] & FUTEX_CLOCK_REALTIME) != 0 && until != nullptr) {
    moved = Moved(*until, -ClockAhead());
    args[3] = reinterpret_cast<long>(&moved);
  }
  return real.load()(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

}  // extern "C"
