// SPDX-License-Identifier: Apache-2.0
// NATS, one connection each for publishing and for subscribing: a publish can block while a
// reconnect hangs (cnats 3.4.1), and must not hold up what is received.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/common/log.h"
#include "libs/common/result.h"

namespace belfry::wire {

struct NatsOptions {
  // "nats://127.0.0.1:4222". May have "user:password@" or "token@", in which %40 stands for "@".
  std::string url;
  std::string name;  // shown by the server: "belfry-edge"
  // PEM paths; empty = plain.
  std::string tls_ca, tls_cert, tls_key;
  // A file with one line "user:password", instead of those in the url; empty: none.
  std::string credentials_file = {};
};

// Connects in the background, reconnects for ever with jitter, pings every 5 s.
class NatsPublisher {
 public:
  // Never fails for an absent server: it goes on trying. kInvalidArgument: malformed url.
  static Result<std::unique_ptr<NatsPublisher>> Start(NatsOptions options, Log log);
  virtual ~NatsPublisher() = default;
  // Hands bytes to the connection's buffer. kUnavailable: not connected now, or the buffer is full;
  // it was not sent. One thread only; may block for up to the connect timeout (500 ms).
  virtual Status Publish(const std::string& subject, std::string_view bytes) = 0;
  virtual bool connected() const = 0;  // any thread
  // How often a connection was made: a change means that messages may have been lost between.
  virtual std::uint64_t connects() const = 0;  // any thread
  // Why it is not connected, or what the server refuses, in the server's words; empty: not known.
  virtual std::string trouble() const = 0;  // any thread
};

// Subscribes once, at its first connection, and never unsubscribes before its end (cnats 3.4.1
// corrupts memory otherwise).
class NatsSubscriber {
 public:
  // `on_message(subject, bytes)` runs on cnats' thread: parse, push to a bounded queue, return.
  using OnMessage = std::function<void(std::string_view, std::string_view)>;
  static Result<std::unique_ptr<NatsSubscriber>> Start(NatsOptions options, std::string subject,
                                                       OnMessage on_message, Log log);
  virtual ~NatsSubscriber() = default;      // no message is delivered after it
  virtual bool connected() const = 0;       // any thread
  virtual std::string trouble() const = 0;  // as the publisher's
};

}  // namespace belfry::wire
