// SPDX-License-Identifier: Apache-2.0
// One core's streams and all that befalls them: attached, delivered to, caught up, timed out,
// drained. It decides; sockets are behind Transport and the store behind PendingRead.
//
// Not thread-safe: every call comes from the core's own thread. Calls only note what is to be
// written; EndTurn() writes, once per socket, and must follow.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/caps.h"
#include "services/edge/core/catch_up.h"
#include "services/edge/core/event.h"
#include "services/edge/core/event_cache.h"
#include "services/edge/core/hub.h"
#include "services/edge/core/options.h"
#include "services/edge/core/sse_encoder.h"
#include "services/edge/core/stream.h"
#include "services/edge/core/stream_metrics.h"
#include "services/edge/core/wheel.h"

namespace belfry::edge {

// Names one stream of one core for ever: a slot and its generation.
using StreamHandle = std::uint64_t;

// Sockets, by descriptor.
class Transport {
 public:
  virtual ~Transport() = default;
  // From now on tells the core when the peer goes or the socket can be written again. False: it
  // cannot be watched.
  [[nodiscard]] virtual bool Watch(int socket, StreamHandle handle) = 0;
  // Writes as much of `bytes` as fits, without waiting; how many were taken, std::nullopt if the
  // peer is gone. If fewer than all were taken, OnWritable follows once there is room.
  virtual std::optional<std::size_t> Write(int socket, std::string_view bytes) = 0;
  // Nothing more will be written: tells the peer so.
  virtual void FinishWriting(int socket) = 0;
  virtual void Close(int socket) = 0;
};

// A stream that has been asked for and may be had.
struct Arrival {
  int socket = -1;  // owned by Streams from Attach on
  std::string project;
  std::string user_id;
  std::string address;            // the client's, for its cap
  std::optional<EntryId> cursor;  // nothing: start now
  std::chrono::milliseconds batch{0};
  std::int64_t expires_s = 0;  // the token's end, unix seconds
  std::string http_head;       // the response's head, with its empty line
};

// One call of FeedSource::ReadFeeds to make; its answer goes to OnPages.
struct PendingRead {
  std::uint64_t call = 0;
  std::vector<FeedQuery> queries;
};

class Streams {
 public:
  // All references must outlive this. `seed`: for jitter and connection ids.
  Streams(const StreamOptions& options, Caps& caps, Transport& transport, const Renderer& renderer,
          const Clock& clock, const StreamMetrics& metrics, std::uint64_t seed);
  // Closes every socket.
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  void SetPartitions(Partition partitions) { hub_.SetPartitions(partitions); }
  bool following() const { return hub_.following_all(); }

  // Whatever stands against it is told in-band, with a bye.
  void Attach(Arrival arrival);
  void Deliver(const Batch& batch);
  void OnPages(std::uint64_t call, Result<std::vector<FeedPage>> pages);
  // From the transport; an old handle is ignored.
  void OnWritable(StreamHandle handle);
  void OnGone(StreamHandle handle, CloseReason reason = CloseReason::kPeerGone);
  // Its socket; nothing for an old handle.
  std::optional<int> SocketOf(StreamHandle handle) const;
  // About every Wheel::kTick while needs_ticks().
  void Tick();
  bool needs_ticks() const;

  // From now on says bye to all streams, evenly over `window` (ticks do it), and to every new one.
  void StartDrain(std::chrono::milliseconds window);
  void CloseAll(CloseReason reason);

  struct Turn {
    std::vector<PendingRead> reads;  // to be made now
    bool more = false;  // more is to be written: take what waits, then end the turn again
  };
  Turn EndTurn();

  std::size_t open() const { return open_; }
  // Waiting at the gate or being read for.
  std::size_t catching_up() const;
  // For tests and measurements: what one idle stream takes, without its hub entry.
  static std::size_t StreamBytes();

 private:
  struct Conn;

  Conn* Find(StreamHandle handle) const;
  static StreamHandle HandleOf(const Conn& conn);
  Conn& Open(Arrival& arrival);
  void Admit(Conn& conn, const Arrival& arrival);
  void Refuse(Conn& conn, RefusalReason reason);
  void MarkDirty(Conn& conn);
  void Flush(Conn& conn);
  void AfterDrained(Conn& conn);
  void NoteWritten(const Stream::Written& written, std::size_t bytes);
  void SayBye(Conn& conn, ByeReason reason, std::chrono::milliseconds retry);
  void SayBye(Conn& conn, ByeReason reason);
  void Close(Conn& conn, CloseReason reason);
  void DeliverEntry(const Entry& entry, const Batch& batch);
  EventPtr LiveEvent(const Entry& entry, SteadyTime received);
  void Offer(Conn& conn, const EventPtr& event);
  void TakePage(Conn& conn, const FeedPage& page);
  void TakeReads(std::vector<PendingRead>& reads);
  void OnTimer(Conn& conn);
  void ArmBy(Conn& conn, SteadyTime when);
  void Rearm(Conn& conn);
  void DrainSome();
  std::chrono::milliseconds Jitter(std::chrono::milliseconds around);
  std::string ConnectionId(const Conn& conn) const;

  const StreamOptions& options_;
  Caps& caps_;
  Transport& transport_;
  const Clock& clock_;
  const StreamMetrics& metrics_;
  const std::uint64_t seed_;
  const EventPtr heartbeat_ = HeartbeatEvent();
  const SseEncoder encoder_;

  std::minstd_rand random_;
  EventCache events_;
  Hub hub_;
  Wheel wheel_;
  CatchUpGate gate_;
  std::vector<std::unique_ptr<Conn>> slots_;
  std::vector<std::uint32_t> generations_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::size_t open_ = 0;
  std::uint64_t opened_ = 0;  // ever
  std::vector<StreamHandle> dirty_;
  std::size_t flushed_ = 0;  // of dirty_, in this round
  std::uint64_t calls_ = 0;
  std::unordered_map<std::uint64_t, std::vector<CatchUpGate::Ticket>> reading_;
  EncodedEvents encoded_;  // of the write under way
  // Added to the metrics at the end of the turn.
  std::uint64_t turn_notifications_ = 0;
  std::uint64_t turn_bytes_ = 0;

  struct Drain {
    SteadyTime start;
    Duration window;
    std::size_t total;     // slots as of the start
    std::size_t done = 0;  // of them
  };
  std::optional<Drain> drain_;
};

}  // namespace belfry::edge
