// SPDX-License-Identifier: Apache-2.0
// One core's open connections: found by handle, by user (the hub) and by deadline (the wheel), and
// which of them have something to write. Admission, delivery, reads, timers and writing all work on
// it.
// Not thread-safe: every call comes from the core's own thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "services/edge/core/connection.h"
#include "services/edge/core/event.h"
#include "services/edge/core/hub.h"
#include "services/edge/core/options.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/transport.h"
#include "services/edge/core/wheel.h"

namespace belfry::edge {

class Connections {
 public:
  // All references must outlive this. `seed`: for jitter and connection ids.
  Connections(const StreamOptions& options, Transport& transport, const Clock& clock,
              const StreamMetrics& metrics, std::uint64_t seed);
  // Closes every socket.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Takes over the request's socket; in no hub and without a deadline yet.
  Connection& Add(const StreamRequest& request);
  // Null for the handle of one that has ended.
  Connection* Find(StreamHandle handle) const;
  static StreamHandle HandleOf(const Connection& connection);
  // The connectionId that `connected` carries.
  std::string IdOf(const Connection& connection) const;

  // The last event: it leaves the hub and gives its permit back, and is closed once the peer has
  // taken the bye, or after close_timeout. Without `retry` the reason's own, jittered.
  void SendBye(Connection& connection, ByeReason reason);
  void SendBye(Connection& connection, ByeReason reason, std::chrono::milliseconds retry);
  // Counts `reason` and sends a bye: overloaded.
  void Refuse(Connection& connection, RefusalReason reason);
  // Ends it at once; `connection` is gone.
  void Close(Connection& connection, CloseReason reason);
  void CloseAll(CloseReason reason);

  // The wheel calls at the earliest of the connection's deadlines. Call after changing them.
  void Arm(Connection& connection);
  // The same where `when` is a deadline that was added.
  void ArmBy(Connection& connection, SteadyTime when);

  // It has something to write.
  void MarkDirty(Connection& connection);
  std::vector<StreamHandle>& dirty() { return dirty_; }

  // Half to one and a half of `around`.
  std::chrono::milliseconds Jitter(std::chrono::milliseconds around);

  Hub& hub() { return hub_; }
  const Hub& hub() const { return hub_; }
  Wheel& wheel() { return wheel_; }
  const Wheel& wheel() const { return wheel_; }
  std::size_t open() const { return open_; }
  // Slots that were ever in use, and the connection in one; null: it is free.
  std::size_t slots() const { return slots_.size(); }
  Connection* at(std::size_t slot) const { return slots_[slot].get(); }

 private:
  const StreamOptions& options_;
  Transport& transport_;
  const Clock& clock_;
  const StreamMetrics& metrics_;
  const std::uint64_t seed_;

  std::minstd_rand random_;
  Hub hub_;
  Wheel wheel_;
  std::vector<std::unique_ptr<Connection>> slots_;
  std::vector<std::uint32_t> generations_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::size_t open_ = 0;
  std::uint64_t added_ = 0;  // ever
  std::vector<StreamHandle> dirty_;
};

}  // namespace belfry::edge
