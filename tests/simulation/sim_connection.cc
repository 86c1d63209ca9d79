// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_connection.h"

#include <algorithm>
#include <utility>

namespace belfry::sim {
namespace {

// How late the end of a peer that vanished is noticed: keepalives, TCP_USER_TIMEOUT.
constexpr Millis kNoticedLeast{500};
constexpr Millis kNoticedMost{5'000};

}  // namespace

std::optional<std::size_t> SimConnection::Write(std::string_view bytes) {
  if (edge_told_) {
    return std::nullopt;
  }
  const std::size_t capacity = context_.plan.connection_bytes;
  const std::size_t taken = std::min(bytes.size(), capacity - std::min(capacity, outstanding_));
  blocked_ = taken < bytes.size();
  outstanding_ += taken;
  if (taken > 0) {
    arrives_ = std::max(arrives_, context_.scheduler.now() + Latency());
    context_.scheduler.At(
        arrives_, [self = shared_from_this(), taken_bytes = std::string(bytes.substr(0, taken))] {
          self->Arrive(taken_bytes);
        });
  }
  return taken;
}

void SimConnection::FinishWriting() {
  arrives_ = std::max(arrives_, context_.scheduler.now() + Latency());
  context_.scheduler.At(arrives_, [self = shared_from_this()] {
    self->ended_ = true;
    self->Consume(0);
  });
}

void SimConnection::CloseByEdge() {
  edge_ = {};
  edge_told_ = true;
  FinishWriting();
}

void SimConnection::CloseByClient() {
  client_ = {};
  lost_ = true;
  TellEdge(Latency());
}

void SimConnection::Cut() {
  lost_ = true;
  TellEdge(Latency());
  TellClient(Latency());
}

void SimConnection::LoseClient() {
  lost_ = true;
  TellEdge(context_.random.Between(kNoticedLeast, kNoticedMost));
  TellClient(Duration(0));
}

void SimConnection::LoseEdge() {
  lost_ = true;
  TellEdge(Duration(0));
  TellClient(context_.random.Between(kNoticedLeast, kNoticedMost));
}

void SimConnection::TellEdge(Duration after) {
  context_.scheduler.After(after, [self = shared_from_this()] {
    self->edge_told_ = true;
    const EdgeEnd edge = std::exchange(self->edge_, {});
    if (edge.gone) {
      edge.gone();
    }
  });
}

void SimConnection::TellClient(Duration after) {
  context_.scheduler.After(after, [self = shared_from_this()] {
    const ClientEnd client = std::exchange(self->client_, {});
    if (client.closed) {
      client.closed();
    }
  });
}

void SimConnection::Arrive(const std::string& bytes) {
  if (lost_) {
    return;
  }
  received_ += bytes;
  if (!slow_) {
    Consume(received_.size());
  } else if (slow_bytes_ > 0 && !std::exchange(reading_, true)) {
    context_.scheduler.After(slow_every_, [self = shared_from_this()] { self->ReadSome(); });
  }
}

void SimConnection::Consume(std::size_t bytes) {
  const std::string read = received_.substr(0, bytes);
  received_.erase(0, bytes);
  outstanding_ -= read.size();
  if (blocked_ && outstanding_ <= context_.plan.connection_bytes / 2) {
    blocked_ = false;
    context_.scheduler.After(Latency(), [self = shared_from_this()] {
      if (self->edge_.writable) {
        self->edge_.writable();
      }
    });
  }
  // The client may close the connection, and with it its end, from within.
  if (const auto take = client_.bytes; take && !read.empty()) {
    take(read);
  }
  if (ended_ && received_.empty() && !lost_) {
    lost_ = true;
    TellClient(Duration(0));
    TellEdge(Latency());
  }
}

void SimConnection::ReadSlowly(std::size_t bytes, Duration every) {
  slow_ = true;
  slow_bytes_ = bytes;
  slow_every_ = every;
}

void SimConnection::ReadAll() {
  slow_ = false;
  if (!lost_ && !received_.empty()) {
    context_.scheduler.After(Duration(0), [self = shared_from_this()] {
      if (!self->lost_) {
        self->Consume(self->received_.size());
      }
    });
  }
}

void SimConnection::ReadSome() {
  reading_ = false;
  if (lost_) {
    return;
  }
  Consume(slow_ ? std::min(slow_bytes_, received_.size()) : received_.size());
  if (!lost_ && !received_.empty() && slow_bytes_ > 0 && !std::exchange(reading_, true)) {
    context_.scheduler.After(slow_every_, [self = shared_from_this()] { self->ReadSome(); });
  }
}

}  // namespace belfry::sim
