// SPDX-License-Identifier: Apache-2.0
// What one thread pays for reading feeds, and for appending, as a store grows: time, bytes read
// from the file system, and calls that read them. All of it in this process, without a network.
//
//   store_feeds_bench [--entries 0,2000000] [--users 10000] [--cache 64] [--directory DIR]
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "bench/growth/filler.h"
#include "bench/smoke/proc_stats.h"
#include "libs/common/check.h"

namespace belfry::bench {
namespace {

constexpr std::uint64_t kMissed = 5;
constexpr std::uint32_t kListed = 20;

// What this thread has used so far.
struct Used {
  double cpu_seconds = 0;
  double bytes_read = 0;
  double read_calls = 0;
};

Used ThreadUse() {
  Used used;
  timespec cpu{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  used.cpu_seconds = static_cast<double>(cpu.tv_sec) + 1e-9 * static_cast<double>(cpu.tv_nsec);
  std::ifstream io("/proc/thread-self/io");
  std::string name;
  double value = 0;
  while (io >> name >> value) {
    if (name == "rchar:") {
      used.bytes_read = value;
    } else if (name == "syscr:") {
      used.read_calls = value;
    }
  }
  return used;
}

void Measure(std::uint64_t entries, const char* name, std::uint64_t operations,
             const std::function<void()>& work) {
  const Used before = ThreadUse();
  work();
  const Used after = ThreadUse();
  const auto count = static_cast<double>(operations);
  std::printf("%10lu  %-12s %10.1f %12.1f %10.2f\n", static_cast<unsigned long>(entries), name,
              1e6 * (after.cpu_seconds - before.cpu_seconds) / count,
              (after.bytes_read - before.bytes_read) / count / 1024,
              (after.read_calls - before.read_calls) / count);
  std::fflush(stdout);
}

class Scale {
 public:
  Scale(const std::string& directory, const Population& population, std::uint64_t cache_bytes)
      : population_(population) {
    auto opened = store::RocksStore::Open(
        {.directory = directory, .block_cache_bytes = cache_bytes}, clock_, {});
    BELFRY_CHECK(opened.ok());
    store_ = *std::move(opened);
    filler_ = std::make_unique<Filler>(*store_);
  }

  void Run() {
    filler_->Fill(population_);
    Settle();
    for (int round = 0; round < 4; ++round) {
      const std::vector<EntryId> cursors = Heads();
      Measure(population_.entries, round == 0 ? "publish keyed" : "publish",
              population_.measured * kMissed,
              [&] { filler_->AppendToMeasured(population_, kMissed, round == 0); });
      Settle();
      Measure(population_.entries, "connect", population_.measured, [&] { Heads(); });
      Measure(population_.entries, "reconnect", population_.measured,
              [&] { ReadAll(cursors, 0, kMissed); });
      if (round == 0) {
        first_cursors_ = cursors;
      }
    }
    Measure(population_.entries, "list", population_.measured,
            [&] { ReadAll(first_cursors_, kListed, kListed); });
    if (population_.entries > 0) {
      const std::vector<EntryId> oldest(population_.measured, 0);
      Measure(population_.entries, "oldest", population_.measured,
              [&] { ReadAll(oldest, kListed, 1); });
    }
  }

 private:
  static void Settle() { WaitUntilIdle(::getpid()); }

  FeedPage Read(const FeedQuery& query) {
    auto page = store_->ReadFeed(query);
    BELFRY_CHECK(page.ok());
    return *std::move(page);
  }

  FeedQuery QueryOf(std::uint64_t number) const {
    FeedQuery query;
    query.project = kProject;
    query.user_id = population_.MeasuredUser(number);
    return query;
  }

  // The last id of every user's feed.
  std::vector<EntryId> Heads() {
    std::vector<EntryId> heads;
    for (std::uint64_t i = 0; i < population_.measured; ++i) {
      FeedQuery query = QueryOf(i);
      query.heads_only = true;
      heads.push_back(Read(query).up_to);
    }
    return heads;
  }

  void ReadAll(const std::vector<EntryId>& after, std::uint32_t max, std::uint64_t least) {
    for (std::uint64_t i = 0; i < population_.measured; ++i) {
      FeedQuery query = QueryOf(i);
      query.after = after[i];
      query.entries_max = max;
      BELFRY_CHECK(Read(query).entries.size() >= least);
    }
  }

  const Population population_;
  const SystemClock clock_;
  std::unique_ptr<store::RocksStore> store_;
  std::unique_ptr<Filler> filler_;
  std::vector<EntryId> first_cursors_;
};

}  // namespace
}  // namespace belfry::bench

int main(int argc, char** argv) {
  std::vector<std::uint64_t> scales = {0, 2'000'000};
  std::uint64_t users = 10'000;
  std::uint64_t cache_mib = 64;
  std::string directory = (std::filesystem::temp_directory_path() / "store_feeds_bench").string();
  CLI::App app("What reading feeds costs as a store grows");
  app.add_option("--entries", scales, "entries in the store, one run for each")->delimiter(',');
  app.add_option("--users", users, "users whose feeds are read");
  app.add_option("--cache", cache_mib, "RocksDB's block cache, MiB");
  app.add_option("--directory", directory, "where the store lies; emptied before each run");
  CLI11_PARSE(app, argc, argv);
  std::printf("   entries  what          CPU us/op      KiB/op   reads/op\n");
  for (const std::uint64_t entries : scales) {
    std::filesystem::remove_all(directory);
    belfry::bench::Scale(directory, {entries, users}, cache_mib << 20).Run();
    std::filesystem::remove_all(directory);
  }
  return 0;
}
