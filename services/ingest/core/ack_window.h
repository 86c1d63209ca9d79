// SPDX-License-Identifier: Apache-2.0
// A stream's acknowledgements: answers come in any order, acknowledgements leave in the order of
// the requests, and reading goes on only while few and small enough answers wait. Sans-I/O and not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "libs/common/check.h"

namespace belfry::ingest {

template <typename Ack>
class AckWindow {
 public:
  // `bytes_max`: of the answers that wait; each may also be larger alone.
  AckWindow(std::size_t unacknowledged_max, std::size_t bytes_max)
      : max_(unacknowledged_max), bytes_max_(bytes_max) {}

  // The number of the request that was just read; starts at 0.
  std::uint64_t Open() {
    slots_.emplace_back();
    return first_ + slots_.size() - 1;
  }

  // The answer to request `number`, once each. `bytes`: what it takes until it is written.
  void Answer(std::uint64_t number, Ack ack, std::size_t bytes) {
    BELFRY_CHECK(number >= first_ && number - first_ < slots_.size());
    auto& slot = slots_[static_cast<std::size_t>(number - first_)];
    BELFRY_CHECK(!slot.ack.has_value());
    slot = {std::move(ack), bytes};
    bytes_ += bytes;
  }

  // The next acknowledgement, if its request has been answered. Only one is out at a time: call
  // Written when it has left.
  std::optional<Ack> Next() {
    if (writing_ || slots_.empty() || !slots_.front().ack.has_value()) {
      return std::nullopt;
    }
    writing_ = true;
    return std::move(slots_.front().ack);
  }
  void Written() {
    BELFRY_CHECK(writing_);
    writing_ = false;
    bytes_ -= slots_.front().bytes;
    slots_.pop_front();
    first_ += 1;
  }

  // True if the one after the next is there as well: more will be written at once.
  bool MoreFollow() const { return slots_.size() > 1 && slots_[1].ack.has_value(); }
  bool MayRead() const { return slots_.size() < max_ && bytes_ < bytes_max_; }
  std::size_t unacknowledged() const { return slots_.size(); }

 private:
  struct Slot {
    std::optional<Ack> ack;
    std::size_t bytes = 0;
  };

  const std::size_t max_;
  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;  // of the answers in slots_
  std::deque<Slot> slots_;
  std::uint64_t first_ = 0;  // the number of slots_.front()
  bool writing_ = false;
};

}  // namespace belfry::ingest
