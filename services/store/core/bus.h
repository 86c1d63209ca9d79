// SPDX-License-Identifier: Apache-2.0
// The port over which announcements go to the edges. It may lose them: followers fill holes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "libs/common/entry.h"
#include "libs/common/result.h"

namespace belfry::store {

// Announce, AnnounceBody and AnnounceHead: one thread. The others: any.
class Bus {
 public:
  virtual ~Bus() = default;
  // Sends a broadcast's body, once, before the entries that refer to it. kUnavailable: not sent.
  virtual Status AnnounceBody(EntryId broadcast_id, const Payload& body) = 0;
  // Sends consecutive entries of one partition, broadcasts without their bodies, and the store's
  // time (Clock::ExpiryMicros), by which edges judge what has expired. kUnavailable: not sent.
  virtual Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) = 0;
  // Sends a partition's head. `sent_us`: the store's wall clock, greater each time, by which edges
  // notice a head that is sent again by somebody else. kUnavailable: not sent.
  virtual Status AnnounceHead(Partition partition, EntryId last_id, std::int64_t sent_us) = 0;
  virtual bool connected() const = 0;
  // How often a connection was made: a change means that announcements may have been lost.
  virtual std::uint64_t connects() const = 0;
  // Why it is not connected, or what it is refused, as far as the other side says; for operators.
  virtual std::string trouble() const { return {}; }
};

}  // namespace belfry::store
