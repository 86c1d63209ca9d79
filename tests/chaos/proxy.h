// SPDX-License-Identifier: Apache-2.0
// A TCP proxy that misbehaves on command: it connects each client on to the target, and passes
// bytes on late, in pieces, cut off, or not at all.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "tests/support/cluster/socket.h"

namespace belfry::chaos {

// Any thread may call; one thread of its own does the work. All connections end with it.
class Proxy {
 public:
  // Listens on a loopback port. Without a target connections are closed at once.
  Proxy();
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  test::Endpoint endpoint() const;
  void SetTarget(const test::Endpoint& target);

  // Passes on what arrives from now on that much later, both ways.
  void Delay(std::chrono::milliseconds late);
  // Passes on one byte at a time, each in a segment of its own, 32 in a millisecond.
  void Trickle(bool on);
  // Every connection there is passes on a random number of bytes below `bytes_max`, and is then
  // reset at both ends, wherever in a frame that is.
  void CutWithin(std::size_t bytes_max);
  // Makes every connection there is half-open: each end has a peer that takes everything and sends
  // nothing, not even when the other end closes. New connections work.
  void FallSilent();

  struct Counts {
    std::size_t connections = 0;  // made
    std::size_t bytes = 0;        // passed on
    std::size_t pieces = 0;       // single bytes passed on by Trickle
    std::size_t cut = 0;          // connections reset
    std::size_t swallowed = 0;    // bytes
  };
  Counts counts() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::chaos
