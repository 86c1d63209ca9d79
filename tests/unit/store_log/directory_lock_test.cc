// SPDX-License-Identifier: Apache-2.0
// What is said of a data directory that cannot be opened: that a process holds it only where one
// does, and otherwise what is wrong.
#include "services/store/rocks/engine/directory_lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

constexpr uid_t kNobody = 65534;

// A process that locks `path` as RocksDB does, from the constructor's end to its own.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      struct flock lock {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      const int file = ::open(path.c_str(), O_RDWR);
      const char locked = file >= 0 && ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
      if (::write(ready[1], &locked, 1) == 1) {
        ::pause();
      }
      ::_exit(0);
    }
    char locked = 'n';
    EXPECT_EQ(::read(ready[0], &locked, 1), 1);
    EXPECT_EQ(locked, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
};

// A directory that has been a store's, under a name that looks like a lock's.
struct Left {
  Left() {
    std::filesystem::permissions(
        dir.path(), std::filesystem::perms::owner_all | std::filesystem::perms::others_all);
    EXPECT_TRUE(TryOpen().ok());
  }
  Status TryOpen() const {
    auto opened = RocksStore::Open({.directory = directory(), .partitions = 1}, clock, {});
    return opened.ok() ? Status() : Fail(opened.error());
  }
  Status TryLock() const {
    auto taken = DirectoryLock::Take(directory());
    return taken.ok() ? Status() : Fail(taken.error());
  }
  std::string directory() const { return (dir.path() / "LOCKSMITH").string(); }
  std::string lock_file() const { return directory() + "/db/LOCK"; }

  test::TempDir dir;
  SystemClock clock;
};

void ExpectHeld(const Status& status, pid_t by) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(status.error().reason, kHeldElsewhere);
  EXPECT_NE(status.error().message.find("another process holds this data directory (process " +
                                        std::to_string(by) + ")"),
            std::string::npos)
      << status.error().message;
}

void ExpectFailed(const Status& status, const std::string& why) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_EQ(status.error().reason, "");
  EXPECT_EQ(status.error().message.find("process"), std::string::npos) << status.error().message;
  EXPECT_NE(status.error().message.find(why), std::string::npos) << status.error().message;
}

TEST(DirectoryLock, SaysWhichProcessHoldsTheDirectory) {
  const Left left;
  {
    const Holder holder(left.lock_file());
    ExpectHeld(left.TryOpen(), holder.pid());
    ExpectHeld(left.TryLock(), holder.pid());
  }
  EXPECT_TRUE(left.TryLock().ok());
  EXPECT_TRUE(left.TryOpen().ok());
}

TEST(DirectoryLock, TwoOfOneProcessExcludeEachOther) {
  const Left left;
  const auto first = DirectoryLock::Take(left.directory());
  ASSERT_TRUE(first.ok());
  for (const Status& second : {left.TryLock(), left.TryOpen()}) {
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
    EXPECT_EQ(second.error().reason, kHeldElsewhere);
    EXPECT_NE(second.error().message.find("this process holds"), std::string::npos);
  }
}

TEST(DirectoryLock, ALockFileThatIsNoneNamesItself) {
  const Left left;
  std::filesystem::remove(left.lock_file());
  std::filesystem::create_directory(left.lock_file());
  ExpectFailed(left.TryOpen(), "Is a directory");
  ExpectFailed(left.TryLock(), "Is a directory");
}

TEST(DirectoryLock, ALockFileThatMayNotBeOpenedNamesItself) {
  const Left left;
  std::filesystem::permissions(left.lock_file(), std::filesystem::perms::none);
  const uid_t before = ::geteuid();
  if (before == 0) {
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const Status opened = left.TryOpen();
  const Status locked = left.TryLock();
  ASSERT_EQ(::seteuid(before), 0);
  ExpectFailed(opened, "Permission denied");
  ExpectFailed(locked, "Permission denied");
}

TEST(DirectoryLock, ADirectoryThatIsAFileNamesItself) {
  const Left left;
  std::filesystem::remove_all(left.directory());
  std::ofstream(left.directory()) << "a file";
  ExpectFailed(left.TryOpen(), "Not a directory");
  ExpectFailed(left.TryLock(), "Not a directory");
}

TEST(DirectoryLock, NothingIsHeldWhereThereIsNoDatabase) {
  const test::TempDir dir;
  EXPECT_TRUE(DirectoryLock::Take((dir.path() / "absent").string()).ok());
}

}  // namespace
}  // namespace belfry::store
