// SPDX-License-Identifier: Apache-2.0
#include "bench/inbox/stores.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "bench/growth/filler.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "services/store/rocks/log/rocks_store.h"

namespace belfry::bench {
namespace {

constexpr std::size_t kItemsPerCall = 2'000;
constexpr std::size_t kEach = 20;
constexpr std::size_t kKinds = 20;

store::AppendItem Item(const std::string& user, std::size_t number, std::string body) {
  v1::Notification notification;
  notification.set_title("Somebody answered you");
  notification.set_body(std::move(body));
  store::AppendItem item;
  item.project = kProject;
  item.user_id = user;
  // As ingest gives one to a publish that has none.
  item.idempotency_key = "inbox-" + std::to_string(number);
  item.idempotency_key_fresh = true;
  item.content_hash = std::string(32, 'h');
  item.notification_kind = "kind-" + std::to_string(100 + number % kKinds);
  notification.set_kind(item.notification_kind);
  item.payload = notification.SerializeAsString();
  return item;
}

store::AppendItem ReadItem(const std::string& user, EntryId id) {
  StateUpdate update{.project = kProject, .user_id = user};
  update.change.op = StateOp::kRead;
  update.change.ids = {id};
  return store::UpdateItem(std::move(update));
}

// Words that no other body has, so that compression finds letters and not sentences.
std::string Body(std::mt19937& random, std::size_t bytes) {
  std::string body;
  while (body.size() < bytes) {
    for (std::uint32_t letters = 2 + random() % 8; letters > 0; --letters) {
      body += static_cast<char>('a' + random() % 26);
    }
    body += ' ';
  }
  body.resize(bytes);
  return body;
}

// Opens the store, lets `work` write to it, compacts and closes it. The bytes of its files.
template <typename Work>
double BytesAfter(const std::string& directory, Work work) {
  const SystemClock clock;
  auto store = store::RocksStore::Open({.directory = directory}, clock, {});
  BELFRY_CHECK(store.ok());
  {
    Filler filler(**store);
    work(filler);
  }
  BELFRY_CHECK((*store)->CompactDropped().ok());
  BELFRY_CHECK((*store)->CloseCleanly().ok());
  store->reset();
  // Opened once more, it drops the log of commits that the tables have replaced.
  store = store::RocksStore::Open({.directory = directory}, clock, {});
  BELFRY_CHECK(store.ok() && (*store)->CloseCleanly().ok());
  store->reset();
  double bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.path().extension() == ".sst" || file.path().extension() == ".blob") {
      bytes += static_cast<double>(file.file_size());
    }
  }
  return bytes;
}

}  // namespace

std::string KnownUser(std::size_t number) { return "user-" + std::to_string(number); }

void MakeKnownUsers(const std::string& directory, std::size_t users, std::uint32_t partitions) {
  const SystemClock clock;
  auto store =
      store::RocksStore::Open({.directory = directory, .partitions = partitions}, clock, {});
  BELFRY_CHECK(store.ok());
  {
    Filler filler(**store);
    for (std::size_t user = 0; user < users;) {
      std::vector<store::AppendItem> items;
      for (; items.size() < kItemsPerCall && user < users; ++user) {
        items.push_back(Item(KnownUser(user), user, "Welcome"));
      }
      filler.Append(std::move(items));
    }
  }
  BELFRY_CHECK((*store)->CloseCleanly().ok());
}

BytesOnDisk MeasureBytesOnDisk(const std::string& directory, std::size_t notifications,
                               std::size_t body_bytes) {
  const std::size_t users = notifications / kEach;
  std::mt19937 random(1);
  std::vector<EntryId> ids;
  const double unread = BytesAfter(directory, [&](Filler& filler) {
    while (ids.size() < notifications) {
      std::vector<store::AppendItem> items;
      for (std::size_t n = ids.size(); items.size() < kItemsPerCall && n < notifications; ++n) {
        items.push_back(Item(KnownUser(n % users), n, Body(random, body_bytes)));
      }
      for (const auto& appended : filler.Append(std::move(items))) {
        ids.push_back(appended->id);
      }
    }
  });
  const double read = BytesAfter(directory, [&](Filler& filler) {
    for (std::size_t n = 0; n < notifications;) {
      std::vector<store::AppendItem> items;
      for (; items.size() < kItemsPerCall && n < notifications; ++n) {
        items.push_back(ReadItem(KnownUser(n % users), ids[n]));
      }
      filler.Append(std::move(items));
    }
  });
  const auto all = static_cast<double>(notifications);
  return {unread / all, read / all};
}

}  // namespace belfry::bench
