// SPDX-License-Identifier: Apache-2.0
// The connections of a gRPC server: which of them make calls that come to nothing, and which have
// shown good credentials. gRPC 1.51 has no limit on calls that are opened and reset at once
// (CVE-2023-44487), or refused one after the other: here their connection is ended. Where the
// process has no room for a new connection, a stranger's gives way. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/common/clock.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"

namespace belfry::wire {

class Connections {
 public:
  // `fruitless_max`: how many calls of one connection may come to nothing at once, and in ten
  // seconds. `clock` must outlive it.
  Connections(std::int64_t fruitless_max, const Clock& clock)
      : fruitless_max_(static_cast<double>(fruitless_max)), clock_(clock) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // One has been accepted. gRPC owns the socket and closes it; this only shuts it down.
  void Add(int fd) BELFRY_EXCLUDES(mutex_);
  // A call of `peer` ("ipv4:127.0.0.1:52114") has come to nothing: its head was refused, or it
  // ended before its message came. True: that was too much, and its connection has been ended.
  bool CountFruitless(std::string_view peer) BELFRY_EXCLUDES(mutex_);
  // `peer` has shown good credentials.
  void NoteKnown(std::string_view peer) BELFRY_EXCLUDES(mutex_);
  // Ends the oldest connection that has shown none, if it has had 100 ms to do so. False: there is
  // no such connection.
  bool EndOldestStranger() BELFRY_EXCLUDES(mutex_);

 private:
  struct Connection {
    int fd;
    double left;  // of the calls that may come to nothing
    SteadyTime at;
    SteadyTime since;            // accepted
    std::uint64_t stranger = 0;  // its number in strangers_; 0: it is known
  };
  using Peers = TextMap<Connection>;

  // Shuts it down if it is still there, and forgets it. False: it had gone.
  bool End(Peers::iterator connection) BELFRY_REQUIRES(mutex_);
  void Forget(Peers::iterator connection) BELFRY_REQUIRES(mutex_);

  const double fruitless_max_;
  const Clock& clock_;
  Mutex mutex_;
  // Both by what PeerOf makes of an address. A socket that gRPC has closed stays until its number
  // comes again, so that there are never more than the process may have descriptors.
  Peers by_peer_ BELFRY_GUARDED_BY(mutex_);
  std::unordered_map<int, std::string> peers_ BELFRY_GUARDED_BY(mutex_);
  // In the order in which they came, by their numbers.
  std::map<std::uint64_t, std::string> strangers_ BELFRY_GUARDED_BY(mutex_);
  std::uint64_t last_stranger_ BELFRY_GUARDED_BY(mutex_) = 0;
};

}  // namespace belfry::wire
