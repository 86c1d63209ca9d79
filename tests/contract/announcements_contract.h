// SPDX-License-Identifier: Apache-2.0
// What every Announcements promises, as one suite of tests. An implementation's test gives a
// Subject and says INSTANTIATE_TYPED_TEST_SUITE_P. A Subject is a store that announces and one edge
// that has not started to listen:
//   Subject();                        // the store is absent
//   edge::Announcements& announcements();
//   void End();                       // destroys the announcements
//   void Appear(); void Vanish();     // the store is there, is gone; returns at once
//   void Say(const std::string& subject, const std::string& bytes);  // the store is there
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/edge/core/announcements.h"
#include "tests/support/wait.h"

namespace belfry::edge {

// What was announced to an edge. Thread-safe.
class HeardAnnouncements {
 public:
  using One = std::pair<std::string, std::string>;

  void Hear(std::string_view subject, std::string_view bytes) {
    if (inside_.exchange(true)) {
      overlapped_ = true;
    }
    {
      const std::lock_guard lock(mutex_);
      all_.emplace_back(subject, bytes);
    }
    inside_ = false;
  }
  std::vector<One> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  bool Has(const One& one) const {
    const std::vector<One> heard = all();
    return std::find(heard.begin(), heard.end(), one) != heard.end();
  }
  // Whether two calls were under way at once.
  bool overlapped() const { return overlapped_; }

 private:
  mutable std::mutex mutex_;
  std::vector<One> all_;  // guarded by mutex_
  std::atomic<bool> inside_ = false;
  std::atomic<bool> overlapped_ = false;
};

template <typename Subject>
class AnnouncementsContract : public testing::Test {
 protected:
  void Start() {
    const Status started = subject_.announcements().Start(
        [heard = heard_](std::string_view subject, std::string_view bytes) {
          heard->Hear(subject, bytes);
        });
    ASSERT_TRUE(started.ok());
  }
  void AwaitConnected(bool connected) {
    ASSERT_TRUE(test::WaitUntil([&] { return subject_.announcements().connected() == connected; }));
  }
  // Until it has been heard; what was said before the edge listened may be lost.
  void SayUntilHeard(const std::string& subject, const std::string& bytes) {
    ASSERT_TRUE(test::WaitUntil([&] {
      subject_.Say(subject, bytes);
      return heard_->Has({subject, bytes});
    }));
  }

  std::shared_ptr<HeardAnnouncements> heard_ = std::make_shared<HeardAnnouncements>();
  Subject subject_;
};

TYPED_TEST_SUITE_P(AnnouncementsContract);

TYPED_TEST_P(AnnouncementsContract, AnAbsentStoreIsNoErrorAndIsFoundWhenItAppears) {
  this->Start();
  EXPECT_FALSE(this->subject_.announcements().connected());
  this->subject_.Appear();
  this->AwaitConnected(true);
  this->SayUntilHeard("belfry.v1.log.3", "one");
}

TYPED_TEST_P(AnnouncementsContract, EachArrivesAsItWasSent) {
  this->subject_.Appear();
  this->Start();
  this->AwaitConnected(true);
  this->SayUntilHeard("belfry.v1.head.3", "listening");
  // No announcement at all: it is not for this port to say so.
  const std::string bytes("\0\xFF\r\nrubbish", 11);
  for (const char* subject :
       {"belfry.v1.log.3", "belfry.v1.head.3", "belfry.v1.body", "belfry.v1.other"}) {
    this->SayUntilHeard(subject, bytes);
  }
  EXPECT_FALSE(this->heard_->overlapped());
}

TYPED_TEST_P(AnnouncementsContract, AStoreThatVanishesIsNoticedAndFoundAgain) {
  this->subject_.Appear();
  this->Start();
  this->AwaitConnected(true);
  this->subject_.Vanish();
  this->AwaitConnected(false);
  this->subject_.Appear();
  this->AwaitConnected(true);
  this->SayUntilHeard("belfry.v1.body", "again");
}

TYPED_TEST_P(AnnouncementsContract, OnceItHasEndedItIsSilent) {
  this->subject_.Appear();
  this->Start();
  this->AwaitConnected(true);
  this->SayUntilHeard("belfry.v1.head.3", "listening");
  this->subject_.End();
  const std::size_t heard = this->heard_->all().size();
  EXPECT_EQ(this->heard_.use_count(), 1) << "it holds on to what it was given";
  this->subject_.Say("belfry.v1.head.3", "too late");
  EXPECT_EQ(this->heard_->all().size(), heard);
}

REGISTER_TYPED_TEST_SUITE_P(AnnouncementsContract, AnAbsentStoreIsNoErrorAndIsFoundWhenItAppears,
                            EachArrivesAsItWasSent, AStoreThatVanishesIsNoticedAndFoundAgain,
                            OnceItHasEndedItIsSilent);

}  // namespace belfry::edge
