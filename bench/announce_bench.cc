// SPDX-License-Identifier: Apache-2.0
// What the MAC costs per announcement: sealing at the store, opening at an edge, in microseconds of
// processor time of one thread.
#include <ctime>

#include <cstdint>
#include <cstdio>
#include <string>
#include <variant>

#include "libs/wire/announce/envelope.h"

namespace {

constexpr char kSubject[] = "belfry.v1.log.7";
constexpr char kHistory[] = "0123456789abcdef0123456789abcdef";

double ThreadMicros() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// Microseconds of one call of `work`.
template <typename Work>
double CostOf(int times, Work work) {
  work();
  const double start = ThreadMicros();
  for (int i = 0; i < times; ++i) {
    work();
  }
  return (ThreadMicros() - start) / times;
}

}  // namespace

int main() {
  using belfry::wire::AnnounceKey;
  const AnnounceKey key{"main", std::string(32, 'k')};
  const belfry::wire::AnnounceKeys keys({key});
  std::printf("| bytes | seal us | open us |\n| ---: | ---: | ---: |\n");
  for (const std::size_t size : {16, 300, 1'024, 16'384, 262'144}) {
    const std::string bytes(size, 'x');
    const std::string sealed = belfry::wire::Seal(key, kHistory, kSubject, bytes);
    const int times = size > 100'000 ? 2'000 : 100'000;
    std::size_t total = 0;  // used, so that no call is left out
    const double seal =
        CostOf(times, [&] { total += belfry::wire::Seal(key, kHistory, kSubject, bytes).size(); });
    const double open = CostOf(times, [&] {
      const auto opened = belfry::wire::Open(keys, kSubject, sealed);
      total += std::get<belfry::wire::OpenedEnvelope>(opened).bytes.size();
    });
    std::printf("| %zu | %.2f | %.2f |\n", size, seal, open);
    if (total == 0) {
      return 1;
    }
  }
  return 0;
}
