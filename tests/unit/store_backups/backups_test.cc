// SPDX-License-Identifier: Apache-2.0
// Backups of a store at work: whole, incremental, and harmless to each other.
#include "services/store/rocks/backups/backups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/file.h"
#include "services/store/rocks/backups/backup_manifest.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::uint32_t> Ids(const std::vector<BackupInfo>& backups) {
  std::vector<std::uint32_t> ids;
  for (const BackupInfo& backup : backups) {
    ids.push_back(backup.id);
  }
  return ids;
}

struct BackupsTest : testing::Test, Disk {
  void Write() {
    for (int round = 0; round < 5; ++round) {
      AppendMany(20, 7, 1'500);
      Broadcast();
    }
  }
  BackupInfo Make() {
    auto made = store->Backup({.directory = backups_directory()});
    EXPECT_TRUE(made.ok()) << made.error().ToString();
    return made.ok() ? std::move(*made) : BackupInfo{};
  }
  std::string backups_directory() const { return (dir.path() / "some" / "backups").string(); }
  std::unique_ptr<Backups> OpenBackups() {
    auto opened = Backups::Open(backups_directory(), {});
    EXPECT_TRUE(opened.ok()) << opened.error().ToString();
    return std::move(*opened);
  }
  std::vector<std::filesystem::path> Tables() const {
    std::vector<std::filesystem::path> tables;
    for (const auto& file :
         std::filesystem::recursive_directory_iterator(backups_directory() + "/shared_checksum")) {
      tables.push_back(file.path());
    }
    return tables;
  }
};

TEST_F(BackupsTest, AreWholeAndShareWhatTheyHaveInCommon) {
  Write();
  const BackupInfo first = Make();
  EXPECT_EQ(first.id, 1u);
  EXPECT_EQ(first.manifest.history_id, store->history_id());
  ASSERT_EQ(first.manifest.last_ids.size(), partitions);
  for (const PartitionPosition& head : store->Heads()) {
    EXPECT_EQ(first.manifest.last_ids[head.partition], head.last_id);
  }
  const std::size_t tables = Tables().size();
  EXPECT_GT(tables, 3u);
  Append("alice");
  const BackupInfo second = Make();
  EXPECT_EQ(second.id, 2u);
  // Only what alice's entry touched is new; the first one's tables lie there once.
  EXPECT_GT(Tables().size(), tables);
  EXPECT_LT(Tables().size(), 2 * tables + 1);
  const auto backups = OpenBackups();
  EXPECT_THAT(Ids(backups->List()), ElementsAre(1, 2));
  EXPECT_TRUE(backups->Verify(1).ok());
  EXPECT_TRUE(backups->Verify(2).ok());
  EXPECT_EQ(backups->Find(0)->id, 2u);
  EXPECT_EQ(backups->Find(1)->manifest, first.manifest);
  EXPECT_EQ(backups->Find(3).error().code, Code::kNotFound);
}

TEST_F(BackupsTest, AreForTheirOwnerOnly) {
  Make();
  const auto mode = std::filesystem::status(backups_directory()).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all, std::filesystem::perms::owner_all);
}

TEST_F(BackupsTest, ArePrunedByHistory) {
  Write();
  Make();
  Make();
  const std::string mine = store->history_id();
  Close();
  std::filesystem::remove_all(directory());
  Open();
  Append("alice");
  Make();
  Make();
  Make();
  const auto backups = OpenBackups();
  const auto deleted = backups->Prune(store->history_id(), 2);
  ASSERT_TRUE(deleted.ok());
  EXPECT_THAT(*deleted, ElementsAre(3));
  EXPECT_THAT(Ids(backups->List()), ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(*backups->Prune(mine, 5), ElementsAre());
  ASSERT_TRUE(backups->Delete(1).ok());
  EXPECT_EQ(backups->Delete(1).error().code, Code::kNotFound);
  EXPECT_THAT(Ids(backups->List()), ElementsAre(2, 4, 5));
  for (const std::uint32_t id : {2, 4, 5}) {
    EXPECT_TRUE(backups->Verify(id).ok()) << id;
  }
}

TEST_F(BackupsTest, AreRefusedWhenABitHasFlipped) {
  Write();
  const BackupInfo made = Make();
  for (const auto& table : Tables()) {
    const std::uint64_t middle = std::filesystem::file_size(table) / 2;
    FlipBit(table, middle);
    auto backups = OpenBackups();
    EXPECT_EQ(backups->Verify(made.id).error().code, Code::kDataLoss) << table;
    EXPECT_FALSE(backups->CopyTo(made.id, (dir.path() / "copy").string()).ok());
    backups.reset();  // it may still be copying other files
    std::filesystem::remove_all(dir.path() / "copy");
    FlipBit(table, middle);
  }
  EXPECT_TRUE(OpenBackups()->Verify(made.id).ok());
}

TEST_F(BackupsTest, AreRefusedWhenAFileIsMissingOrTheManifestIsDamaged) {
  Write();
  const BackupInfo first = Make();
  const BackupInfo second = Make();
  const std::string meta = backups_directory() + "/meta/";
  // The metadata's line is in hexadecimal; its last digits are of the manifest's checksum.
  std::string text = *ReadFile(meta + "2");
  const std::size_t digit = text.find("\n", text.find("metadata ")) - 1;
  text[digit] = text[digit] == '0' ? '1' : '0';
  std::ofstream(meta + "2", std::ios::trunc) << text;
  EXPECT_EQ(OpenBackups()->Find(second.id).error().code, Code::kDataLoss);
  EXPECT_EQ(OpenBackups()->Find(0).error().code, Code::kDataLoss) << "an older one is not it";
  EXPECT_THAT(OpenBackups()->Damaged(), ElementsAre(second.id));
  EXPECT_THAT(Ids(OpenBackups()->List()), ElementsAre(first.id));
  std::filesystem::remove(Tables().front());
  EXPECT_FALSE(OpenBackups()->Verify(first.id).ok());
}

// Nobody takes an older backup for the newest.
TEST_F(BackupsTest, AreNotPassedOverWhenTheNewestCannotBeRead) {
  Write();
  const BackupInfo first = Make();
  const BackupInfo second = Make();
  std::filesystem::resize_file(backups_directory() + "/meta/" + std::to_string(second.id), 10);
  const auto backups = OpenBackups();
  EXPECT_THAT(Ids(backups->List()), ElementsAre(first.id));
  EXPECT_THAT(backups->Damaged(), ElementsAre(second.id));
  EXPECT_EQ(backups->Find(0).error().code, Code::kDataLoss);
  EXPECT_EQ(backups->Find(first.id)->id, first.id);
  ASSERT_TRUE(backups->Delete(second.id).ok());
  EXPECT_EQ(backups->Find(0)->id, first.id);
}

// A backup that says of itself more than it holds.
TEST_F(BackupsTest, AreRefusedWhenTheyEndBeforeTheirManifest) {
  Write();
  Make();
  const std::string meta = backups_directory() + "/meta/1";
  std::string text = *ReadFile(meta);
  BackupManifest manifest = OpenBackups()->Find(1)->manifest;
  ++manifest.last_ids[2];
  std::string hex;
  for (const char c : EncodeManifest(manifest)) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  const std::size_t begin = text.find("metadata ") + 9;
  text.replace(begin, text.find("\n", begin) - begin, hex);
  std::ofstream(meta, std::ios::trunc) << text;
  const Status verified = OpenBackups()->Verify(1);
  ASSERT_FALSE(verified.ok());
  EXPECT_THAT(verified.error().message, HasSubstr("in partition 2, and its manifest says"));
}

TEST_F(BackupsTest, BreakOffForAReasonAndLeaveTheOthersAlone) {
  Write();
  Make();
  Write();
  const auto stopped =
      store->Backup({.directory = backups_directory(), .stop = []() -> std::optional<Error> {
                       return Error{Code::kResourceExhausted, "the disk's reserve is reached"};
                     }});
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kResourceExhausted) << stopped.error().ToString();
  EXPECT_THAT(Ids(OpenBackups()->List()), ElementsAre(1));
  EXPECT_TRUE(OpenBackups()->Verify(1).ok());
  EXPECT_FALSE(std::filesystem::exists(backups_directory() + "/private/2")) << "left behind";
  const BackupInfo next = Make();
  EXPECT_TRUE(OpenBackups()->Verify(next.id).ok());
  Append("alice");
}

TEST_F(BackupsTest, AreOneProcessBusinessAtATime) {
  Make();
  const auto first = OpenBackups();
  const auto second = Backups::Open(backups_directory(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
  const auto made = store->Backup({.directory = backups_directory()});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kFailedPrecondition);
}

TEST_F(BackupsTest, ThatAreNotThereAreNotFound) {
  EXPECT_EQ(Backups::Open(backups_directory(), {}).error().code, Code::kNotFound);
  EXPECT_FALSE(store->Backup({.directory = "/proc/none"}).ok());
  Append("alice");
}

TEST(BackupManifest, ReadsBackWhatItWroteAndNothingElse) {
  const BackupManifest manifest{1'700'000'000'000'000, std::string(32, 'a'), {0, 5, 1ULL << 52}};
  const std::string bytes = EncodeManifest(manifest);
  EXPECT_EQ(DecodeManifest(bytes), manifest);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_FALSE(DecodeManifest(damaged)) << at;
    EXPECT_FALSE(DecodeManifest(bytes.substr(0, at))) << at;
  }
  EXPECT_FALSE(DecodeManifest(bytes + "x"));
}

}  // namespace
}  // namespace belfry::store
