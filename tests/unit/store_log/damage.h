// SPDX-License-Identifier: Apache-2.0
// Ways to harm a data directory that no store has open.
#pragma once

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {

// The files of `directory`/db with that extension that hold something, oldest first.
inline std::vector<std::filesystem::path> DbFiles(const std::string& directory,
                                                  const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(directory + "/db")) {
    if (file.path().extension() == extension && file.file_size() > 0) {
      files.push_back(file.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline void FlipBit(const std::filesystem::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x40));
  file.close();
  ASSERT_TRUE(file.good()) << path;
}

// The rows themselves, past all rules.
class RawDb {
 public:
  explicit RawDb(const std::string& directory) : floors_(kPartitionsMax) {
    auto opened = RocksDb::Open(directory + "/db", {}, Recovery::kWhole, floors_, clock_, {});
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    db_ = std::move(*opened);
  }
  ~RawDb() {
    if (!dropped_) {
      EXPECT_TRUE(db_->FlushAll().ok());
    }
  }
  RawDb(const RawDb&) = delete;
  RawDb& operator=(const RawDb&) = delete;

  std::string Get(Column column, const std::string& key) {
    std::string value;
    EXPECT_TRUE((*db_)->Get({}, db_->column(column), key, &value).ok());
    return value;
  }
  void Put(Column column, const std::string& key, const std::string& value) {
    EXPECT_TRUE((*db_)->Put({}, db_->column(column), key, value).ok());
  }
  void Delete(Column column, const std::string& key) {
    Get(column, key);  // it must have been there
    EXPECT_TRUE((*db_)->Delete({}, db_->column(column), key).ok());
  }
  void Put(OldColumn column, const std::string& key, const std::string& value) {
    Put(db_->column(column), key, value);
  }
  void Put(rocksdb::ColumnFamilyHandle* column, const std::string& key, const std::string& value) {
    EXPECT_TRUE((*db_)->Put({}, column, key, value).ok());
  }
  // Every row, in order.
  std::vector<std::pair<std::string, std::string>> Rows(Column column) {
    std::vector<std::pair<std::string, std::string>> rows;
    const std::unique_ptr<rocksdb::Iterator> at((*db_)->NewIterator({}, db_->column(column)));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      rows.emplace_back(at->key().ToString(), at->value().ToString());
    }
    EXPECT_TRUE(at->status().ok());
    return rows;
  }
  // A column family that is not one of ours, until Destroy.
  rocksdb::ColumnFamilyHandle* Create(const std::string& name) {
    rocksdb::ColumnFamilyHandle* made = nullptr;
    EXPECT_TRUE((*db_)->CreateColumnFamily({}, name, &made).ok());
    return made;
  }
  void Destroy(rocksdb::ColumnFamilyHandle* made) {
    EXPECT_TRUE((*db_)->DestroyColumnFamilyHandle(made).ok());
  }
  // What a format before had not.
  void Drop(const std::vector<Column>& columns) {
    EXPECT_TRUE(db_->FlushAll().ok());
    for (const Column column : columns) {
      EXPECT_TRUE((*db_)->DropColumnFamily(db_->column(column)).ok());
    }
    dropped_ = true;
  }
  // A table from elsewhere.
  void Ingest(Column column, const std::string& table) {
    const rocksdb::Status status = (*db_)->IngestExternalFile(db_->column(column), {table}, {});
    EXPECT_TRUE(status.ok()) << status.ToString();
  }

 private:
  const SystemClock clock_;
  Floors floors_;
  std::unique_ptr<RocksDb> db_;
  bool dropped_ = false;
};

}  // namespace belfry::store
