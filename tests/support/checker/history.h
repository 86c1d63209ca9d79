// SPDX-License-Identifier: Apache-2.0
// What producers were answered, what clients received and what the store holds in the end, in one
// run: the checker's input. Plain values; each recorder fills its own part on its own thread.
// docs/history-format.md is the same as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"

namespace belfry::test {

// Microseconds of the steady clock: one time line for all that one process records. Every time in a
// history is on it, an expiry too.
inline std::int64_t SteadyMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// One thing that a producer asked for, over all its attempts with one idempotency key.
struct Publish {
  enum class Outcome {
    kUnknown,       // some attempt may have stored it, none said so
    kAcknowledged,  // at least one attempt got an OK
    kRejected,      // every attempt was refused in a way that means "not stored"
  };
  std::string tag;  // unique in the history; it is the notification's title
  std::string project;
  std::string user_id;  // empty: a broadcast
  Outcome outcome = Outcome::kUnknown;
  std::vector<EntryId> ids = {};  // what each OK said; of a broadcast its broadcast id
  std::int64_t asked_us = 0;      // when the first attempt began
  std::int64_t answered_us = 0;   // when the last attempt was answered or given up
  std::int64_t expires_us = 0;    // from then on it need not be delivered; 0: never
};

// One notification inside an event.
struct Told {
  EntryId id = 0;
  std::string project;
  std::string user_id;  // empty in a broadcast
  std::string tag;
  EntryId broadcast_id = 0;
};

// One thing that happened to a client, in the order in which it saw them.
struct StreamEvent {
  enum class Kind {
    kOpened,        // a connection was made; `cursor` is the Last-Event-ID it sent, 0 for none
    kConnected,     // `text` is the userId it received
    kNotification,  // one or, with batch_ms, several
    kState,         // what was done to notifications
    kBookmark,      // an id line without data
    kReset,         // `text` is the reason
    kBye,           // `text` is the reason
    kRefused,       // another status than 200; `text` is its status line
    kClosed,        // the connection is gone
  };
  Kind kind = Kind::kClosed;
  std::int64_t at_us = 0;
  EntryId cursor = 0;          // the event's id line, 0 for none
  EntryId oldest = 0;          // of a reset
  bool resumed = false;        // of kOpened: a Last-Event-ID was sent
  std::size_t connection = 0;  // which of the client's connections, from 1
  std::string text = {};       // see the kinds
  std::vector<Told> told = {};
  // Of kConnected, kReset and kState: the unread count that the client received, true at log
  // position `up_to`; -1: it received none.
  std::int64_t unread = -1;
  EntryId up_to = 0;
};

// One client over all its connections.
struct ClientHistory {
  std::string name;
  std::string project;
  std::string user_id;
  // The test closed it before the end: it need not have what came after its last cursor.
  bool left = false;
  std::vector<StreamEvent> events = {};
};

// One entry as the store has it in the end.
struct Stored {
  Partition partition = 0;
  EntryId id = 0;
  EntryId prev = 0;
  std::string project;
  std::string user_id;          // empty: a broadcast's copy
  std::string tag;              // empty: an entry that is no notification
  EntryId broadcast_id = 0;     // of a broadcast, or of what became of it
  std::int64_t expires_us = 0;  // as of a publish
  // What was done to notifications, of an entry that says so; its counts are not looked at.
  StateChange change = {};
  std::string kind = {};  // of a notification
};

// From when on broadcasts are a user's: those up to `id` are not. A user may have joined more than
// once, when an older state of the store was put back.
struct Joined {
  std::string project;
  std::string user_id;
  EntryId id = 0;
};

// A partition's log at the end of the run, read back after recovery.
struct StoredLog {
  Partition partition = 0;
  EntryId floor = 0;  // entries at or below it may be gone
  // Intervals (from, to] that the store says it lost, by id.
  std::vector<std::pair<EntryId, EntryId>> lost = {};
  std::vector<Stored> entries = {};  // as read, oldest first
  // When reading it began: what was acknowledged or delivered before must be in it. 0: after
  // everything.
  std::int64_t read_us = 0;
  // What else was kept once: it is at or below the floor now, or in one of the intervals that were
  // lost. And which floor was in force from when on, by time. Without the floors no count is judged
  // once there is a floor or a loss.
  std::vector<Stored> retired = {};
  std::vector<std::pair<std::int64_t, EntryId>> floors = {};
};

// A time in which something was broken on purpose. What happens in it, and within the recovery that
// the run allows after it, is not judged as late.
struct Trouble {
  std::string what;  // "SIGKILL store"
  std::int64_t from_us = 0;
  std::int64_t to_us = 0;
};

struct History {
  std::vector<Publish> publishes = {};
  std::vector<ClientHistory> clients = {};
  std::vector<StoredLog> stored = {};  // by partition; empty: nobody looked
  std::vector<Joined> joined = {};     // a user who is not here: nobody looked
  std::vector<Trouble> troubles = {};
};

// "notification", "acknowledged", ...
std::string_view NameOf(StreamEvent::Kind kind);
std::string_view NameOf(Publish::Outcome outcome);

// One line for people, whatever the texts hold: "12 ms notification cursor=17 [17 "a-1" for ...]".
std::string ToString(const StreamEvent& event);
std::string ToString(const Publish& publish);
std::string ToString(const Stored& stored);
// On one line whatever it holds: in quotes, and without them.
std::string Quoted(std::string_view text);
std::string Plain(std::string_view text);

}  // namespace belfry::test
