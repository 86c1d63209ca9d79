// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/ack_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace belfry::ingest {
namespace {

TEST(AckWindow, AcknowledgesInOrderWhateverTheOrderOfAnswers) {
  std::mt19937 random(7);
  for (int round = 0; round < 100; ++round) {
    AckWindow<int> window(64, 1000);
    std::vector<int> numbers;
    for (int i = 0; i < 50; ++i) {
      numbers.push_back(static_cast<int>(window.Open()));
    }
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::vector<int> acknowledged;
    for (const int number : numbers) {
      window.Answer(static_cast<std::uint64_t>(number), number, 1);
      while (const auto ack = window.Next()) {
        acknowledged.push_back(*ack);
        window.Written();
      }
    }
    ASSERT_EQ(acknowledged.size(), 50u);
    EXPECT_TRUE(std::is_sorted(acknowledged.begin(), acknowledged.end()));
    EXPECT_EQ(window.unacknowledged(), 0u);
  }
}

TEST(AckWindow, ReadsOnlyWhileFewerThanTheBoundWait) {
  AckWindow<int> window(2, 1000);
  EXPECT_TRUE(window.MayRead());
  EXPECT_EQ(window.Open(), 0u);
  EXPECT_TRUE(window.MayRead());
  EXPECT_EQ(window.Open(), 1u);
  EXPECT_FALSE(window.MayRead());
  // An answer is not an acknowledgement: it must have been written.
  window.Answer(0, 10, 1);
  EXPECT_FALSE(window.MayRead());
  EXPECT_EQ(window.Next(), 10);
  EXPECT_FALSE(window.MayRead());
  window.Written();
  EXPECT_TRUE(window.MayRead());
}

TEST(AckWindow, ReadsOnlyWhileWhatWaitsIsSmall) {
  AckWindow<int> window(100, 10);
  window.Open();
  window.Open();
  window.Answer(1, 11, 9);
  EXPECT_TRUE(window.MayRead());
  window.Answer(0, 10, 1);
  EXPECT_FALSE(window.MayRead());
  EXPECT_EQ(window.Next(), 10);
  EXPECT_FALSE(window.MayRead()) << "it has not been written yet";
  window.Written();
  EXPECT_TRUE(window.MayRead());
}

TEST(AckWindow, HasOneAcknowledgementOutAtATime) {
  AckWindow<std::string> window(8, 1000);
  window.Open();
  window.Open();
  window.Answer(0, "a", 1);
  EXPECT_FALSE(window.MoreFollow());
  window.Answer(1, "b", 1);
  EXPECT_TRUE(window.MoreFollow());
  EXPECT_EQ(window.Next(), "a");
  EXPECT_EQ(window.Next(), std::nullopt);
  window.Written();
  EXPECT_EQ(window.Next(), "b");
  window.Written();
  EXPECT_EQ(window.Next(), std::nullopt);
}

}  // namespace
}  // namespace belfry::ingest
