// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/stream_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace belfry::edge {
namespace {

// So many sockets are written before other events of the core get their turn: about 5 ms.
constexpr std::size_t kSocketsPerTurn = 512;
// After bye and FIN: for the peer to close, so that no reset destroys what is under way to it.
constexpr std::chrono::milliseconds kLinger{1'000};

}  // namespace

bool StreamWriter::WriteSome() {
  std::vector<StreamHandle>& dirty = connections_.dirty();
  const std::size_t until = std::min(dirty.size(), written_to_ + kSocketsPerTurn);
  for (; written_to_ < until; ++written_to_) {
    if (Connection* connection = connections_.Find(dirty[written_to_])) {
      connection->dirty = false;
      Write(*connection);
    }
  }
  const bool more = written_to_ < dirty.size();
  if (written_to_ > dirty.size() / 2) {  // also when there is always more
    dirty.erase(dirty.begin(), dirty.begin() + static_cast<std::ptrdiff_t>(written_to_));
    written_to_ = 0;
  }
  if (turn_bytes_ > 0) {
    metrics_.bytes_written.Add(static_cast<double>(std::exchange(turn_bytes_, 0)));
    metrics_.events_written.Add(static_cast<double>(std::exchange(turn_notifications_, 0)));
  }
  return more;
}

void StreamWriter::Write(Connection& connection) {
  const Encoder& encoder = connection.chunked ? static_cast<const Encoder&>(chunked_) : plain_;
  while (connection.stream.has_output() && !connection.blocked) {
    const std::string_view bytes = connection.stream.Encode(encoder, encoded_);
    const auto taken = transport_.Write(connection.socket, bytes);
    if (!taken) {
      connections_.Close(connection, CloseReason::kPeerGone);
      return;
    }
    NoteWritten(connection.stream.OnWritten(encoded_, *taken), *taken);
    if (*taken < bytes.size()) {
      connection.blocked = true;
      if (*taken > 0 || connection.blocked_since == kNever) {
        connection.blocked_since = clock_.Now();
        connections_.ArmBy(connection, connection.blocked_since + options_.stall_timeout);
      }
    }
  }
  if (!connection.blocked) {
    connection.blocked_since = kNever;
    AfterDrained(connection);
  }
}

void StreamWriter::NoteWritten(const Stream::Written& written, std::size_t bytes) {
  turn_bytes_ += bytes;
  turn_notifications_ += written.notifications;
  if (written.created_us != 0) {
    using Seconds = std::chrono::duration<double>;
    metrics_.received_to_written.Observe(Seconds(clock_.Now() - written.received).count());
    metrics_.created_to_written.Observe(
        static_cast<double>(clock_.UnixMicros() - written.created_us) / 1e6);
  }
}

void StreamWriter::AfterDrained(Connection& connection) {
  if (!connection.stream.finished()) {
    reads_.Want(connection);
  } else if (!connection.finished) {
    connection.finished = true;
    transport_.FinishWriting(connection.socket);
    connection.ends_at = clock_.Now() + kLinger;
    connections_.Arm(connection);
  }
}

void StreamWriter::OnWritable(Connection& connection) {
  if (connection.blocked) {
    connection.blocked = false;
    connections_.MarkDirty(connection);
  }
}

}  // namespace belfry::edge
