// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream.h"

#include <algorithm>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"

namespace belfry::edge {
namespace {

// An idle stream keeps room for this many frames, so that the usual one costs no allocation.
constexpr std::size_t kIdleFrames = 2;

// At this size a gathered group goes out before its time.
constexpr std::size_t kGroupBytesMax = 32 * 1024;

}  // namespace

Stream::Stream(std::optional<EntryId> cursor, std::chrono::milliseconds batch)
    : position_(cursor.value_or(0)),
      written_(cursor.value_or(0)),
      batch_ms_(static_cast<std::uint16_t>(batch.count())),
      cause_(cursor ? CatchUpCause::kResume : CatchUpCause::kStart),
      has_cursor_(cursor.has_value()) {
  frames_.reserve(kIdleFrames);
}

void Stream::Begin(FramePtr head) { Push(std::move(head)); }

bool Stream::OnEntry(const FramePtr& frame, const StreamOptions& options) {
  if (state_ == State::kReading) {
    Hold(frame, options);
    return true;
  }
  if (state_ != State::kLive || frame->id <= position_) {
    return false;
  }
  if (has_output() && queued_bytes_ + frame->bytes.size() > options.queue_bytes_max) {
    Overflow();
    return true;
  }
  position_ = frame->id;
  if (batch_ms_ == 0) {
    Push(frame);
    return true;
  }
  if (!held_) {
    held_ = std::make_unique<Held>();
  }
  held_->frames.push_back(frame);
  held_->bytes += frame->bytes.size();
  if (held_->bytes >= kGroupBytesMax) {
    SendGathered(options);
  }
  return true;
}

void Stream::Hold(const FramePtr& frame, const StreamOptions& options) {
  if (!held_) {
    held_ = std::make_unique<Held>();
  }
  held_->bytes += frame->bytes.size();
  if (held_->bytes > options.held_bytes_max) {
    held_->frames = {};
    held_->bytes = 0;
    held_->dropped_up_to = frame->id;
    return;
  }
  held_->frames.push_back(frame);
}

void Stream::OnGap(EntryId position) {
  if (state_ == State::kLive) {
    if (held_) {
      PushNotifications(held_->frames);
    }
    Want(CatchUpCause::kGap);
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

bool Stream::OnPage(const FeedPage& page, std::span<const FramePtr> frames,
                    const Context& context) {
  if (state_ != State::kReading) {
    return true;  // closing
  }
  if (page.fault != CursorFault::kNone) {
    if (connected_ && page.up_to < position_) {
      return false;
    }
    Connect(page, context);
    if (!Planted(PlantedFault::kResetNotSent)) {
      Push(ResetFrame({page.fault, page.floor, page.unread_count, page.up_to}));
    }
    position_ = page.up_to;
    written_ = std::min(written_, page.up_to);  // the reset stays queued: resume after it
    FinishReading(page.up_to);
    return true;
  }
  const bool heads_only = !has_cursor_;
  Connect(page, context);
  const auto fresh = std::find_if(frames.begin(), frames.end(),
                                  [this](const FramePtr& f) { return f->id > position_; });
  PushNotifications({fresh, frames.end()});
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
// back with what it had and is told again.
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
  Push(ConnectedFrame(id, {context.connection_id, context.user_id, page.unread_count,
                           page.unread_up_to, context.heartbeat, context.server_us}));
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
  auto fresh = std::find_if(held->frames.begin(), held->frames.end(),
                            [this](const FramePtr& f) { return f->id > position_; });
  if (Planted(PlantedFault::kSeamOffByOne) && fresh != held->frames.end()) {
    ++fresh;
  }
  if (fresh != held->frames.end()) {
    position_ = held->frames.back()->id;
    PushNotifications({fresh, held->frames.end()});
  }
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
  PushNotifications(held->frames);
}

void Stream::Heartbeat(const FramePtr& frame) {
  if (!has_output() && state_ != State::kClosing) {
    Push(frame);
  }
}

bool Stream::Bookmark(EntryId applied) {
  if (state_ != State::kLive || has_output() || held_ || applied <= position_) {
    return false;
  }
  position_ = applied;
  Push(BookmarkFrame(applied));
  return true;
}

void Stream::Bye(FramePtr bye) {
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

// Notifications can be read again; the head, connected and reset cannot, are small, and always
// stand before every notification that was queued after them.
void Stream::DropUnsent() {
  position_ = written_;
  std::size_t kept = front_;
  for (std::size_t i = front_; i < frames_.size(); ++i) {
    const bool begun = i == front_ && front_sent_ > 0;
    if (!begun && frames_[i]->events > 0) {
      queued_bytes_ -= frames_[i]->bytes.size();
      continue;
    }
    position_ = std::max(position_, frames_[i]->id);
    if (kept != i) {
      frames_[kept] = std::move(frames_[i]);
    }
    ++kept;
  }
  frames_.resize(kept);
}

void Stream::Push(FramePtr frame) {
  queued_bytes_ += frame->bytes.size();
  frames_.push_back(std::move(frame));
}

void Stream::PushNotifications(std::span<const FramePtr> frames) {
  if (batch_ms_ > 0 && !frames.empty()) {
    Push(GroupFrame(frames));
    return;
  }
  for (const FramePtr& frame : frames) {
    Push(frame);
  }
}

std::size_t Stream::Gather(std::span<std::string_view> pieces) const {
  const std::size_t count = std::min(pieces.size(), frames_.size() - front_);
  for (std::size_t i = 0; i < count; ++i) {
    pieces[i] = frames_[front_ + i]->bytes;
  }
  if (count > 0) {
    pieces[0].remove_prefix(front_sent_);
  }
  return count;
}

Stream::Written Stream::OnWritten(std::size_t bytes) {
  Written written;
  queued_bytes_ -= bytes;
  while (bytes > 0) {
    const Frame& frame = *frames_[front_];
    const std::size_t left = frame.bytes.size() - front_sent_;
    if (bytes < left) {
      front_sent_ += static_cast<std::uint32_t>(bytes);
      break;
    }
    bytes -= left;
    front_sent_ = 0;
    if (frame.id != 0) {
      written_ = frame.id;
    }
    written.events += frame.events;
    if (written.created_us == 0 && frame.received != SteadyTime{}) {
      written.created_us = frame.created_us;
      written.received = frame.received;
    }
    frames_[front_++] = nullptr;
  }
  if (front_ == frames_.size()) {
    if (!has_gathered()) {
      written_ = position_;  // nothing up to there is left to tell
    }
    frames_.clear();
    front_ = 0;
    if (frames_.capacity() > kIdleFrames) {
      std::vector<FramePtr>().swap(frames_);
      frames_.reserve(kIdleFrames);
    }
  } else if (front_ > frames_.size() / 2) {
    frames_.erase(frames_.begin(), frames_.begin() + front_);
    front_ = 0;
  }
  return written;
}

}  // namespace belfry::edge
