// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream.h"

#include <algorithm>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"

namespace belfry::edge {
namespace {

// An idle stream keeps room for this many events, so that the usual one costs no allocation.
constexpr std::size_t kIdleEvents = 2;

// At this size a gathered group goes out before its time.
constexpr std::size_t kGroupBytesMax = 32 * 1024;

}  // namespace

Stream::Stream(std::optional<EntryId> cursor, std::chrono::milliseconds batch)
    : position_(cursor.value_or(0)),
      written_(cursor.value_or(0)),
      batch_ms_(static_cast<std::uint16_t>(batch.count())),
      cause_(cursor ? CatchUpCause::kResume : CatchUpCause::kStart),
      has_cursor_(cursor.has_value()) {
  events_.reserve(kIdleEvents);
}

void Stream::Begin(EventPtr opening) { Push(std::move(opening)); }

bool Stream::OnEvent(const EventPtr& event, const StreamOptions& options) {
  BELFRY_CHECK(event->id && event->replayable);
  if (state_ == State::kReading) {
    Hold(event, options);
    return true;
  }
  if (state_ != State::kLive || *event->id <= position_ || IsMuted(*event)) {
    return false;
  }
  if (has_output() && queued_bytes_ + event->bytes() > options.queue_bytes_max) {
    Overflow();
    return true;
  }
  position_ = *event->id;
  if (event->muted_kinds) {
    Mute(event->muted_kinds);
  }
  if (batch_ms_ == 0) {
    Push(event);
    return true;
  }
  if (!held_) {
    held_ = std::make_unique<Held>();
  }
  held_->events.push_back(event);
  held_->bytes += event->bytes();
  if (held_->bytes >= kGroupBytesMax) {
    SendGathered(options);
  }
  return true;
}

void Stream::Hold(const EventPtr& event, const StreamOptions& options) {
  if (!held_) {
    held_ = std::make_unique<Held>();
  }
  held_->bytes += event->bytes();
  if (held_->bytes > options.held_bytes_max) {
    held_->events = {};
    held_->bytes = 0;
    held_->dropped_up_to = *event->id;
    return;
  }
  held_->events.push_back(event);
}

bool Stream::IsMuted(const Event& event) const {
  return muted_kinds_ && event.can_be_muted &&
         std::any_of(muted_kinds_->begin(), muted_kinds_->end(), [&](const std::string& prefix) {
           return event.broadcast_kind.starts_with(prefix);
         });
}

void Stream::Mute(MutedKinds kinds) { muted_kinds_ = kinds->empty() ? nullptr : std::move(kinds); }

void Stream::OnGap(EntryId position, CatchUpCause cause) {
  if (state_ == State::kLive) {
    if (cause == CatchUpCause::kCounts && position <= position_) {
      return;  // it was in a page
    }
    if (held_) {
      PushEvents(held_->events);
    }
    Want(cause);
  } else if (state_ == State::kReading) {
    held_ = std::make_unique<Held>();
    held_->dropped_up_to = position;
  }
}

bool Stream::wants_page() const {
  return state_ == State::kWanting && (!connected_ || !has_output());
}

void Stream::BeginRead(FeedQuery& query) {
  BELFRY_CHECK(state_ == State::kWanting);
  state_ = State::kReading;
  query.after = position_;
  query.heads_only = !has_cursor_;
}

void Stream::OnReadFailed() {
  if (state_ == State::kReading) {
    Want(cause_);
  }
}

bool Stream::OnPage(const FeedPage& page, std::span<const EventPtr> events,
                    const Context& context) {
  if (state_ != State::kReading) {
    return true;  // closing
  }
  muted_kinds_ = page.muted_kinds.empty()
                     ? nullptr
                     : std::make_shared<const std::vector<std::string>>(page.muted_kinds);
  if (page.fault != CursorFault::kNone) {
    if (connected_ && page.up_to < position_) {
      return false;
    }
    Connect(page, context);
    if (!Planted(PlantedFault::kResetNotSent)) {
      Push(ResetEvent({page.fault, page.floor, page.up_to, page.counts}));
    }
    position_ = page.up_to;
    written_ = std::min(written_, page.up_to);  // the reset stays queued: resume after it
    FinishReading(page.up_to);
    return true;
  }
  const bool heads_only = !has_cursor_;
  Connect(page, context);
  const auto fresh = std::find_if(events.begin(), events.end(),
                                  [this](const EventPtr& e) { return e->id > position_; });
  PushEvents({fresh, events.end()});
  position_ = std::max(position_, page.up_to);
  if (page.more && !heads_only) {
    Want(CatchUpCause::kMore);
  } else {
    FinishReading(page.up_to);
  }
  return true;
}

// The id line is the starting cursor. A cursor that lies ahead is not repeated: ids would go
// backwards at the reset, and should the connection break between the two, the peer still comes
// back with what it had and gets the reset then.
void Stream::Connect(const FeedPage& page, const Context& context) {
  if (connected_) {
    return;
  }
  connected_ = true;
  if (!has_cursor_) {
    has_cursor_ = true;
    position_ = written_ = page.up_to;
  }
  const std::optional<EntryId> id =
      position_ <= page.up_to ? std::optional(position_) : std::nullopt;
  Push(ConnectedEvent(id, {context.connection_id, context.user_id, page.counts, context.heartbeat,
                           context.server_us}));
}

// Everything up to `up_to` is queued: what was held beyond it follows.
void Stream::FinishReading(EntryId up_to) {
  if (held_ && held_->dropped_up_to > up_to) {
    Want(CatchUpCause::kHeld);
    return;
  }
  state_ = State::kLive;
  const std::unique_ptr<Held> held = std::move(held_);
  if (!held) {
    return;
  }
  auto fresh = std::find_if(held->events.begin(), held->events.end(),
                            [this](const EventPtr& e) { return e->id > position_; });
  if (Planted(PlantedFault::kSeamOffByOne) && fresh != held->events.end()) {
    ++fresh;
  }
  if (fresh == held->events.end()) {
    return;
  }
  position_ = *held->events.back()->id;
  std::vector<EventPtr> wanted;
  for (; fresh != held->events.end(); ++fresh) {
    if (!IsMuted(**fresh)) {
      wanted.push_back(*fresh);
    }
    if ((*fresh)->muted_kinds) {
      Mute((*fresh)->muted_kinds);
    }
  }
  PushEvents(wanted);
}

void Stream::SendGathered(const StreamOptions& options) {
  if (!has_gathered()) {
    return;
  }
  if (has_output() && queued_bytes_ + held_->bytes > options.queue_bytes_max) {
    Overflow();
    return;
  }
  const std::unique_ptr<Held> held = std::move(held_);
  PushEvents(held->events);
}

void Stream::Heartbeat(const EventPtr& heartbeat) {
  if (!has_output() && state_ != State::kClosing) {
    Push(heartbeat);
  }
}

bool Stream::Bookmark(EntryId applied) {
  if (state_ != State::kLive || has_output() || held_ || applied <= position_) {
    return false;
  }
  position_ = applied;
  Push(BookmarkEvent(applied));
  return true;
}

void Stream::Bye(EventPtr bye) {
  if (state_ == State::kClosing) {
    return;
  }
  held_.reset();
  DropUnsent();
  state_ = State::kClosing;
  Push(std::move(bye));
}

void Stream::Want(CatchUpCause cause) {
  held_.reset();
  cause_ = cause;
  state_ = State::kWanting;
}

void Stream::Overflow() {
  DropUnsent();
  Want(CatchUpCause::kOverflow);
}

// What is not replayable (the opening, connected, reset) is small, and is always queued before
// every replayable event: no page is read before it is queued.
void Stream::DropUnsent() {
  position_ = written_;
  std::size_t kept = front_;
  for (std::size_t i = front_; i < events_.size(); ++i) {
    const bool begun = i == front_ && front_sent_ > 0;
    if (!begun && events_[i]->replayable) {
      queued_bytes_ -= events_[i]->bytes();
      continue;
    }
    position_ = std::max(position_, events_[i]->id.value_or(0));
    if (kept != i) {
      events_[kept] = std::move(events_[i]);
    }
    ++kept;
  }
  events_.resize(kept);
}

void Stream::Push(EventPtr event) {
  queued_bytes_ += event->bytes();
  events_.push_back(std::move(event));
}

// With `batch` each run of notifications becomes one event; all others keep their place among them.
void Stream::PushEvents(std::span<const EventPtr> events) {
  const auto is_notification = [](const EventPtr& event) {
    return event->kind == EventKind::kNotification;
  };
  for (auto at = events.begin(); at != events.end();) {
    const auto end = std::find_if_not(at, events.end(), is_notification);
    if (batch_ms_ == 0 || at == end) {
      Push(*at++);
    } else {
      Push(GroupEvent({at, end}));
      at = end;
    }
  }
}

std::string_view Stream::Encode(const Encoder& encoder, EncodedEvents& encoded) const {
  encoded.bytes.clear();
  encoded.ends.clear();
  for (std::size_t i = front_;
       i < events_.size() && encoded.bytes.size() < front_sent_ + kWriteBytes; ++i) {
    encoder.Append(*events_[i], encoded.bytes);
    encoded.ends.push_back(encoded.bytes.size());
  }
  return std::string_view(encoded.bytes).substr(front_sent_);
}

Stream::Written Stream::OnWritten(const EncodedEvents& encoded, std::size_t bytes) {
  Written written;
  const std::size_t sent = front_sent_ + bytes;
  std::size_t begin = 0;
  for (const std::size_t end : encoded.ends) {
    if (end > sent) {
      break;
    }
    begin = end;
    Leave(written);
  }
  front_sent_ = static_cast<std::uint32_t>(sent - begin);
  if (front_ == events_.size()) {
    if (!has_gathered()) {
      written_ = position_;  // everything up to there was delivered
    }
    events_.clear();
    front_ = 0;
    if (events_.capacity() > kIdleEvents) {
      std::vector<EventPtr>().swap(events_);
      events_.reserve(kIdleEvents);
    }
  } else if (front_ > events_.size() / 2) {
    events_.erase(events_.begin(), events_.begin() + front_);
    front_ = 0;
  }
  return written;
}

// The first event that waited was written whole.
void Stream::Leave(Written& written) {
  const Event& event = *events_[front_];
  queued_bytes_ -= event.bytes();
  written_ = event.id.value_or(0) != 0 ? *event.id : written_;
  written.notifications += event.notifications;
  if (written.created_us == 0 && event.received != SteadyTime{}) {
    written.created_us = event.created_us;
    written.received = event.received;
  }
  events_[front_++] = nullptr;
}

}  // namespace belfry::edge
