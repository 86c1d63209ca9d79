// SPDX-License-Identifier: Apache-2.0
// One connection to NATS, kept for ever. Internal to this room.
//
// A thread of ours makes the connection. cnats then reconnects by itself, with one exception: it
// closes a connection for good when the server refuses its credentials twice. The thread then makes
// a new one, and learns why that is refused.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "libs/common/log.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/nats/nats_options.h"

namespace belfry::wire {

class NatsLink {
 public:
  using OnMessage = std::function<void(std::string_view subject, std::string_view bytes)>;
  // An empty `on_message`: no subscription.
  NatsLink(CnatsOptions options, std::string subject, OnMessage on_message, Log log);
  ~NatsLink();  // closes the connection; no message is delivered after it
  NatsLink(const NatsLink&) = delete;
  NatsLink& operator=(const NatsLink&) = delete;

  // Starts to connect, in the background. Once.
  void Start();

  bool connected() const { return connected_; }
  std::uint64_t connects() const { return connects_; }
  // Why there is no connection, or what the server does not let this one do; empty: no reason is
  // known. Any thread.
  std::string trouble() const;
  // The connection of now, in whatever state; null before the first. Any thread.
  std::shared_ptr<natsConnection> connection() const;

 private:
  void Run();
  // Makes a connection and its subscription. Null: it failed, which was noted.
  std::shared_ptr<natsConnection> Connect();
  natsStatus Subscribe(natsConnection* connection);
  // Closes `connection` and waits until no callback of it runs or will run.
  void Close(std::shared_ptr<natsConnection> connection);
  void NoteConnected();
  // Logged when it is another one than before.
  void NoteTrouble(natsStatus status, std::string reason);

  static void OnConnected(natsConnection*, void* link);
  static void OnDisconnected(natsConnection* connection, void* link);
  static void OnClosed(natsConnection*, void* link);
  static void OnError(natsConnection*, natsSubscription*, natsStatus error, void* link);
  static void OnCnatsMessage(natsConnection*, natsSubscription*, natsMsg* message, void* link);
  static void OnComplete(void* link);

  const CnatsOptions options_;
  const std::string subject_;
  const OnMessage on_message_;
  const Log log_;

  std::atomic<bool> connected_ = false;
  std::atomic<std::uint64_t> connects_ = 0;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ BELFRY_GUARDED_BY(mutex_) = false;
  bool closed_ BELFRY_GUARDED_BY(mutex_) = false;     // the connection of now is, for good
  bool completed_ BELFRY_GUARDED_BY(mutex_) = false;  // its subscription delivers no more messages
  std::shared_ptr<natsConnection> connection_ BELFRY_GUARDED_BY(mutex_);
  std::string trouble_ BELFRY_GUARDED_BY(mutex_);
  bool refused_ BELFRY_GUARDED_BY(mutex_) = false;  // by a server that is there

  // Only on thread_.
  natsSubscription* subscription_ = nullptr;
  std::thread thread_;
};

}  // namespace belfry::wire
