// SPDX-License-Identifier: Apache-2.0
// Whether an entry's body should lie once or twice in the store: in `log` and in `feed`, or only in
// `log` with a reference from `feed`. Writes the same entries both ways, one fsync per batch, and
// reads feeds back. The numbers stand in docs/storage-format.md.
//
//   store_layout_bench [directory]
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "libs/common/check.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

constexpr int kEntries = 400'000;
constexpr int kBatch = 1'000;
constexpr int kUsers = 20'000;
constexpr int kReads = 5'000;
constexpr int kReadEntries = 20;

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

void Check(const rocksdb::Status& status) { BELFRY_CHECK(status.ok()); }

struct Columns {
  explicit Columns(const std::string& path) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.write_buffer_size = 32u << 20;
    rocksdb::ColumnFamilyOptions column(options);
    column.compression = rocksdb::kLZ4Compression;
    rocksdb::DB* opened = nullptr;
    Check(rocksdb::DB::Open(options, path, {{"default", column}, {"log", column}, {"feed", column}},
                            &handles, &opened));
    db.reset(opened);
  }
  ~Columns() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      Check(db->DestroyColumnFamilyHandle(handle));
    }
  }
  rocksdb::ColumnFamilyHandle* log() const { return handles[1]; }
  rocksdb::ColumnFamilyHandle* feed() const { return handles[2]; }

  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
};

std::string FeedPrefix(int user) { return UserPrefix(0, "acme", "user" + std::to_string(user)); }

double Write(Columns& columns, bool twice, std::size_t body_bytes) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any_user(0, kUsers - 1);
  std::uniform_int_distribution<int> letter('a', 'z');
  std::string body(body_bytes, ' ');
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto started = Clock::now();
  for (int next = 0; next < kEntries;) {
    rocksdb::WriteBatch batch;
    for (int i = 0; i < kBatch; ++i, ++next) {
      for (std::size_t at = 0; at < body.size(); at += 3) {
        body[at] = static_cast<char>(letter(random));
      }
      const auto id = static_cast<EntryId>(next + 1);
      Check(batch.Put(columns.log(), LogKey(0, id), body));
      Check(batch.Put(columns.feed(), WithId(FeedPrefix(any_user(random)), id),
                      twice ? body : std::string()));
    }
    Check(columns.db->Write(synced, &batch));
  }
  return Seconds(started);
}

double Read(Columns& columns, bool twice) {
  std::mt19937 random(2);
  std::uniform_int_distribution<int> any_user(0, kUsers - 1);
  std::size_t bytes = 0;
  const auto started = Clock::now();
  for (int i = 0; i < kReads; ++i) {
    const std::string prefix = FeedPrefix(any_user(random));
    const std::string after = AfterPrefix(prefix);
    const rocksdb::Slice bound(after);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> rows(columns.db->NewIterator(options, columns.feed()));
    int read = 0;
    for (rows->Seek(prefix); rows->Valid() && read < kReadEntries; rows->Next(), ++read) {
      if (twice) {
        bytes += rows->value().size();
        continue;
      }
      const std::string_view key(rows->key().data(), rows->key().size());
      rocksdb::PinnableSlice body;
      Check(columns.db->Get(rocksdb::ReadOptions(), columns.log(), LogKey(0, PlaceOf(key)->id),
                            &body));
      bytes += body.size();
    }
  }
  BELFRY_CHECK(bytes > 0);
  return Seconds(started);
}

double MiBOnDisk(const std::string& path) {
  double bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() == ".sst") {
      bytes += static_cast<double>(file.file_size());
    }
  }
  return bytes / (1 << 20);
}

void Run(const std::string& directory, std::size_t body_bytes, bool twice) {
  const std::string path = directory + "/" + (twice ? "twice" : "once");
  std::filesystem::remove_all(path);
  {
    Columns columns(path);
    const double wrote = Write(columns, twice, body_bytes);
    for (auto* column : {columns.log(), columns.feed()}) {
      Check(columns.db->CompactRange(rocksdb::CompactRangeOptions(), column, nullptr, nullptr));
    }
    const double cold = Read(columns, twice);
    const double warm = Read(columns, twice);
    std::printf("%8zu  %-6s  %12.0f  %10.0f  %10.0f  %8.0f\n", body_bytes, twice ? "twice" : "once",
                kEntries / wrote, kReads / cold, kReads / warm, MiBOnDisk(path));
  }
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace belfry::store

int main(int argc, char** argv) {
  const std::string directory =
      argc > 1 ? argv[1] : (std::filesystem::temp_directory_path() / "store_layout_bench").string();
  std::filesystem::create_directories(directory);
  std::printf("    body  bodies     entries/s  feeds/s 1st  feeds/s 2nd  MiB\n");
  for (const std::size_t body_bytes : {300u, 2'000u}) {
    for (const bool twice : {true, false}) {
      belfry::store::Run(directory, body_bytes, twice);
    }
  }
  return 0;
}
