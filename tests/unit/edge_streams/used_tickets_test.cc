// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/used_tickets.h"

#include <gtest/gtest.h>

#include <string>

namespace belfry::edge {
namespace {

TEST(UsedTickets, AdmitsEachOnce) {
  UsedTickets tickets;
  EXPECT_TRUE(tickets.Use("head.alice.signature", 160, 100));
  EXPECT_FALSE(tickets.Use("head.alice.signature", 160, 159));
  EXPECT_TRUE(tickets.Use("head.bob.signature", 160, 100));
}

TEST(UsedTickets, KnowsATicketByWhatWasSigned) {
  UsedTickets tickets;
  EXPECT_TRUE(tickets.Use("head.alice.one", 160, 100));
  EXPECT_FALSE(tickets.Use("head.alice.another", 160, 100));
}

TEST(UsedTickets, ForgetsWhatHasExpired) {
  UsedTickets tickets;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_TRUE(tickets.Use("head." + std::to_string(i) + ".signature", i + 60, i));
  }
  EXPECT_LE(tickets.size(), 2'048U);
  EXPECT_FALSE(tickets.Use("head.9999.signature", 10'059, 9'999));
}

}  // namespace
}  // namespace belfry::edge
