// SPDX-License-Identifier: Apache-2.0
// How many entries a second one sequencer makes durable in RocksDB, by items per commit.
//
//   store_append_bench [directory]
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "libs/common/check.h"
#include "services/store/core/sequencer.h"
#include "services/store/rocks/log/rocks_store.h"

namespace belfry::store {
namespace {

constexpr int kUsers = 20'000;

class NoListener final : public CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

AppendItem Item(std::uint64_t number, bool fresh) {
  AppendItem item;
  item.project = "acme";
  item.user_id = "user" + std::to_string(number * 7919 % kUsers);
  item.idempotency_key = "key-" + std::to_string(number);
  item.idempotency_key_fresh = fresh;
  item.content_hash = std::string(32, 'h');
  item.payload = std::string(300, 'x');
  return item;
}

void Run(const std::string& directory, int items_per_commit, int commits, bool fresh) {
  std::filesystem::remove_all(directory);
  {
    const SystemClock clock;
    const DiskGuard disk(0);
    NoListener listener;
    auto store = RocksStore::Open({.directory = directory}, clock, {});
    BELFRY_CHECK(store.ok());
    auto sequencer = Sequencer::Make({}, **store, listener, disk, clock,
                                     [](const Error&) { BELFRY_CHECK(false); }, {}, {});
    BELFRY_CHECK(sequencer.ok());
    std::uint64_t number = 0;
    std::uint64_t stored = 0;
    std::chrono::duration<double> working{0};
    for (int commit = 0; commit < commits; ++commit) {
      PendingAppend call;
      for (int i = 0; i < items_per_commit; ++i) {
        call.items.push_back(Item(++number, fresh));
      }
      call.done = [&stored](Result<AppendResults> results) { stored += results->size(); };
      const auto started = std::chrono::steady_clock::now();
      (*sequencer)->Append(std::move(call));
      (*sequencer)->Round();
      working += std::chrono::steady_clock::now() - started;
    }
    BELFRY_CHECK(stored == number);
    std::printf("%12d  %-8s  %12.0f  %12.3f\n", items_per_commit, fresh ? "fresh" : "given",
                static_cast<double>(stored) / working.count(), working.count() * 1000 / commits);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace belfry::store

int main(int argc, char** argv) {
  const std::string directory =
      argc > 1 ? argv[1] : (std::filesystem::temp_directory_path() / "store_append_bench").string();
  std::printf("items/commit  keys         entries/s     ms/commit\n");
  for (const bool fresh : {true, false}) {
    belfry::store::Run(directory, 1, 2'000, fresh);
    belfry::store::Run(directory, 10, 2'000, fresh);
    belfry::store::Run(directory, 100, 1'000, fresh);
    belfry::store::Run(directory, 1'000, 500, fresh);
  }
  return 0;
}
