// SPDX-License-Identifier: Apache-2.0
// A StoreService in memory that fails as the test says.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/result.h"
#include "libs/wire/rpc/server.h"

namespace belfry::ingest {

class FakeStore {
 public:
  // What becomes of an Append.
  enum class Fate {
    kCommit,       // stored and answered
    kLoseAnswer,   // stored, then UNAVAILABLE
    kUnavailable,  // not stored, UNAVAILABLE
    kInternal,     // not stored, INTERNAL
    kHold,         // waits for Release, then as kCommit; or ends when it is cancelled
    kRefuse,       // each item RESOURCE_EXHAUSTED
  };
  struct Seen {
    v1::AppendRequest request;
    std::chrono::milliseconds time_left{};  // until the call's deadline
  };

  // Whether it takes streams of calls, or is one of before there were any.
  enum class Streams { kNo, kYes };

  // On a port of its own choice, or on `port`.
  static std::unique_ptr<FakeStore> Start(std::uint16_t port = 0, Streams streams = Streams::kYes);
  virtual ~FakeStore() = default;
  virtual std::string address() const = 0;

  // Asked for each Append with its number from 0.
  virtual void SetFate(std::function<Fate(int)> fate) = 0;
  virtual void Release() = 0;
  // Notifications of this kind are answered as muted.
  virtual void SuppressKind(std::string kind) = 0;

  // What the next changes and lists are answered with; all of either as the last one given.
  virtual void SetUpdated(v1::StateUpdateResult result) = 0;
  virtual void SetPage(v1::StoreServiceListNotificationsResponse page) = 0;
  // Changes are not answered any more, but end when they are cancelled.
  virtual void HoldUpdates() = 0;
  // The next `count` changes and lists, of inboxes and of audiences, end with UNAVAILABLE.
  virtual void FailRequests(int count) = 0;
  // What changes and reads of audiences are answered with; an error beats an answer.
  virtual void SetAudienceUpdated(v1::UpdateAudienceResponse response) = 0;
  virtual void SetAudiencePage(v1::ReadAudienceResponse response) = 0;
  virtual void SetAudienceError(Error error) = 0;
  virtual std::vector<v1::UpdateAudienceRequest> audience_updates() const = 0;
  virtual std::vector<v1::ReadAudienceRequest> audience_reads() const = 0;
  // Lists end with NOT_FOUND.
  virtual void LosePage() = 0;
  virtual std::vector<v1::StateUpdate> updates() const = 0;
  virtual std::vector<v1::StoreServiceListNotificationsRequest> lists() const = 0;

  virtual std::vector<Seen> seen() const = 0;
  virtual int holding() const = 0;
  virtual int cancelled() const = 0;
  // The entries, in the order they were stored.
  virtual std::vector<v1::AppendItem> stored() const = 0;
  // The most Appends that were open at once.
  virtual int open_max() const = 0;
};

}  // namespace belfry::ingest
