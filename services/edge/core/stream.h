// SPDX-License-Identifier: Apache-2.0
// One SSE stream as a state machine: wanting a page -> reading -> live -> closing. It does no I/O
// and owns no clock: events go in, and what is to be done can be asked for afterwards.
//
// The promise it keeps: the events that leave through Encode() deliver every entry of the feed
// after the starting cursor exactly once and in order, and an event's id never passes an entry that
// was not delivered before it, whatever is dropped in between. The store is the buffer: when live
// events do not fit, they are dropped and read again after the last written id.
//
// It knows events and no transport: an Encoder makes bytes of them at the moment of writing.
//
// Not thread-safe: lives on one core.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "services/edge/core/encoder.h"
#include "services/edge/core/event.h"
#include "services/edge/core/options.h"

namespace belfry::edge {

// Why the store is read for a stream.
enum class CatchUpCause : std::uint8_t {
  kStart,     // it has no cursor: only the feed's last id and counts are read
  kResume,    // it came with a cursor
  kMore,      // the page before was full
  kOverflow,  // its peer reads too slowly
  kHeld,      // too many live events came during the read before
  kGap,       // the log below it has a gap
  kCounts,    // a broadcast is gone, or the user was erased: counts are the store's to say
};
inline constexpr std::size_t kCatchUpCauses = 7;

class Stream {
 public:
  enum class State : std::uint8_t {
    kWanting,  // a page has to be read; live events are ignored, since the page will have them
    kReading,  // the read is under way; live events are held
    kLive,     // live events go out
    kClosing,  // bye is the last event
  };

  // What `connected` contains besides the page's counts.
  struct Context {
    std::string_view user_id;
    std::string_view connection_id;
    std::chrono::milliseconds heartbeat{};
    std::int64_t server_us = 0;
  };

  // What left with one write.
  struct Written {
    std::uint32_t notifications = 0;
    // The oldest live event among them: when its entry was created and received.
    std::int64_t created_us = 0;
    SteadyTime received = {};
  };

  // `cursor`: std::nullopt = start now. `batch`: zero = one event per notification.
  Stream(std::optional<EntryId> cursor, std::chrono::milliseconds batch);

  // The first event; before anything else.
  void Begin(EventPtr opening);

  // A live entry's event of this feed, in order of ids. False: it was ignored.
  // `options` as everywhere: the core's, for its bounds.
  bool OnEvent(const EventPtr& event, const StreamOptions& options);
  // What has not come up to `position` will not come, and has to be read. `cause`: kGap or kCounts.
  void OnGap(EntryId position, CatchUpCause cause);

  // Does the store have to be read? True until BeginRead. Never while events wait to be written,
  // except for the very first read: no page is read ahead for a peer that does not take it.
  bool wants_page() const;
  CatchUpCause cause() const { return cause_; }
  // The read is sent now; what is to be asked for.
  void BeginRead(FeedQuery& query);
  // The read failed: wants a page again.
  void OnReadFailed();
  // The page that was asked for, with the events of its entries (of those that have one), oldest
  // first. False: the store's history ends before what this peer has; close the stream, so that the
  // next one can say so.
  [[nodiscard]] bool OnPage(const FeedPage& page, std::span<const EventPtr> events,
                            const Context& context);

  // With batch: sends what has gathered. Call `batch` after the first one was taken.
  bool has_gathered() const { return state_ == State::kLive && held_ != nullptr; }
  void SendGathered(const StreamOptions& options);

  // Only goes out if no other event waits.
  void Heartbeat(const EventPtr& heartbeat);
  // All entries of the partition up to `applied` have been given to the streams they belong to.
  // True if a bookmark goes out: the stream is live, no event waits, and it is behind.
  bool Bookmark(EntryId applied);

  // The last event. What waits is dropped, except what was begun and the stream's first events.
  void Bye(EventPtr bye);

  // The bytes to write next, encoded into `encoded`, whose former content is lost: whole events,
  // until they are kWriteBytes or more.
  static constexpr std::size_t kWriteBytes = 64 * 1024;
  std::string_view Encode(const Encoder& encoder, EncodedEvents& encoded) const;
  // `bytes` of them were taken. `encoded` as Encode left it.
  Written OnWritten(const EncodedEvents& encoded, std::size_t bytes);

  State state() const { return state_; }
  bool has_output() const { return front_ < events_.size(); }
  // Closing, and all was written.
  bool finished() const { return state_ == State::kClosing && !has_output(); }
  // About what waits to be written.
  std::size_t queued_bytes() const { return queued_bytes_; }
  std::chrono::milliseconds batch() const { return std::chrono::milliseconds(batch_ms_); }
  // Everything up to here was written or is queued.
  EntryId position() const { return position_; }
  // Everything of the feed up to here was written whole.
  EntryId written() const { return written_; }

 private:
  // Live events that came during a read, or that gather for `batch`.
  struct Held {
    std::vector<EventPtr> events;
    std::size_t bytes = 0;
    EntryId dropped_up_to = 0;  // some with ids up to this one were dropped
  };

  // Is it a broadcast of a kind that this user has muted?
  bool IsMuted(const Event& event) const;
  void Mute(MutedKinds kinds);
  void Push(EventPtr event);
  void PushEvents(std::span<const EventPtr> events);
  void Hold(const EventPtr& event, const StreamOptions& options);
  void Want(CatchUpCause cause);
  void DropUnsent();
  void Overflow();
  void Leave(Written& written);
  void FinishReading(EntryId up_to);
  void Connect(const FeedPage& page, const Context& context);

  // Waits to be written: events_[front_..], the first `front_sent_` bytes of it are gone.
  std::vector<EventPtr> events_;
  std::uint32_t front_ = 0;
  std::uint32_t front_sent_ = 0;
  std::size_t queued_bytes_ = 0;  // Event::bytes of all that wait
  std::unique_ptr<Held> held_;
  MutedKinds muted_kinds_;  // as of position_; null: none

  EntryId position_ = 0;
  EntryId written_ = 0;
  std::uint16_t batch_ms_;
  State state_ = State::kWanting;
  CatchUpCause cause_;
  bool has_cursor_;
  bool connected_ = false;
};

}  // namespace belfry::edge
