// SPDX-License-Identifier: Apache-2.0
#include "bench/growth/filler.h"

#include <random>
#include <utility>

#include "belfry/v1/notification.pb.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "services/store/core/sequencer.h"

namespace belfry::bench {
namespace {

constexpr std::size_t kItemsPerCall = 2'000;

class NoListener final : public store::CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

// The number's bits in another order, so that neighbours in time are not neighbours in the keys.
std::uint64_t Mix(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

std::string Hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string UserName(std::uint64_t number) { return "user-" + Hex(Mix(number)); }

}  // namespace

std::string Population::MeasuredUser(std::uint64_t number) const {
  return UserName(number * (users() / measured));
}

struct Filler::Impl {
  store::AppendItem Item(std::string user, bool keyed) {
    v1::Notification notification;
    notification.set_kind("comment.created");
    notification.set_title("Somebody answered you");
    notification.set_body("A notification's body as they are: a sentence or two, with a name (" +
                          Hex(random()) + ") and what has happened.");
    notification.set_action_url("/documents/" + std::to_string(random() % 1'000'000) + "#comment-" +
                                std::to_string(random() % 1'000));
    store::AppendItem item;
    item.project = kProject;
    item.user_id = std::move(user);
    item.idempotency_key = Hex(random()) + Hex(random());
    item.idempotency_key_fresh = !keyed;
    for (int i = 0; i < 4; ++i) {
      item.content_hash += Hex(random()).substr(0, 8);
    }
    item.payload = notification.SerializeAsString();
    return item;
  }

  store::AppendResults AppendAll(std::vector<store::AppendItem> items) {
    store::AppendResults all;
    store::PendingAppend call;
    call.items = std::move(items);
    call.done = [&all](Result<store::AppendResults> results) {
      BELFRY_CHECK(results.ok());
      all = *std::move(results);
    };
    sequencer->Append(std::move(call));
    while (sequencer->Round()) {
    }
    for (const auto& result : all) {
      BELFRY_CHECK(result.ok());
    }
    return all;
  }

  template <typename UserOf>
  void Append(std::uint64_t entries, bool keyed, UserOf user_of) {
    std::uint64_t stored = 0;
    for (std::uint64_t next = 0; next < entries;) {
      std::vector<store::AppendItem> items;
      for (; items.size() < kItemsPerCall && next < entries; ++next) {
        items.push_back(Item(user_of(next), keyed));
      }
      stored += AppendAll(std::move(items)).size();
    }
    BELFRY_CHECK(stored == entries);
  }

  SystemClock clock;
  store::DiskGuard disk{0};
  NoListener listener;
  std::mt19937_64 random{1};
  std::unique_ptr<store::Sequencer> sequencer;
};

Filler::Filler(store::RocksStore& store) : impl_(std::make_unique<Impl>()) {
  auto sequencer = store::Sequencer::Make({}, store, impl_->listener, impl_->disk, impl_->clock,
                                          [](const Error&) { BELFRY_CHECK(false); }, {}, {});
  BELFRY_CHECK(sequencer.ok());
  impl_->sequencer = *std::move(sequencer);
}

Filler::~Filler() = default;

void Filler::Fill(const Population& population) {
  impl_->Append(population.entries, false,
                [&](std::uint64_t) { return UserName(impl_->random() % population.users()); });
}

void Filler::AppendToMeasured(const Population& population, std::uint64_t each, bool keyed) {
  impl_->Append(population.measured * each, keyed, [&](std::uint64_t number) {
    return population.MeasuredUser(number % population.measured);
  });
}

store::AppendResults Filler::Append(std::vector<store::AppendItem> items) {
  return impl_->AppendAll(std::move(items));
}

}  // namespace belfry::bench
