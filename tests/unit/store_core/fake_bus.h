// SPDX-License-Identifier: Apache-2.0
// A bus that notes down what it was given, and is down or fails when the test says so.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/bus.h"
#include "tests/support/announced.h"

namespace belfry::store {

class FakeBus final : public Bus {
 public:
  Status AnnounceBody(EntryId broadcast_id, const Payload& body) override {
    if (!up || fail_next > 0) {
      fail_next = std::max(0, fail_next - 1);
      return Fail(Code::kUnavailable, "publish: not connected");
    }
    bodies.emplace_back(broadcast_id, body);
    said.push_back('b');
    return {};
  }
  Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) override {
    if (!up || fail_next > 0) {
      fail_next = std::max(0, fail_next - 1);
      return Fail(Code::kUnavailable, "publish: not connected");
    }
    std::vector<EntryPtr>& message = messages.emplace_back();
    store_times_us.push_back(store_time_us);
    for (const EntryPtr& entry : entries) {
      message.push_back(test::AsAnnounced(entry));
      ids[entry->partition].push_back(entry->id);
    }
    said.push_back('e');
    return {};
  }
  Status AnnounceHead(Partition partition, EntryId last_id, std::int64_t sent_us) override {
    if (!up) {
      return Fail(Code::kUnavailable, "publish: not connected");
    }
    heads_sent_us[partition].push_back(sent_us);
    heads[partition].push_back(last_id);
    said.push_back('h');
    return {};
  }
  bool connected() const override { return up; }
  std::uint64_t connects() const override { return connections; }
  void Down() { up = false; }
  void Up() {
    up = true;
    ++connections;
  }

  bool up = true;
  std::uint64_t connections = 1;
  int fail_next = 0;
  std::string said;  // the order: bodies, entries and heads
  std::vector<std::pair<EntryId, Payload>> bodies;
  std::vector<std::vector<EntryPtr>> messages;
  std::vector<std::int64_t> store_times_us;  // of messages
  std::map<Partition, std::vector<EntryId>> ids;
  std::map<Partition, std::vector<EntryId>> heads;
  std::map<Partition, std::vector<std::int64_t>> heads_sent_us;
};

}  // namespace belfry::store
