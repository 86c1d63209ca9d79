// SPDX-License-Identifier: Apache-2.0
// A producer that keeps books: what it asked for, what it was told, and nothing it was not told.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/checker/history.h"
#include "tests/support/cluster/socket.h"

namespace belfry::test {

// The calls of NotifyService.
enum class Way { kNotify, kBatch, kStream };

struct Item {
  std::string user_id;  // empty: a broadcast
  std::string tag;      // the title, and the idempotency key
  std::string body = {};
  std::chrono::milliseconds expires_in{0};  // from when it is sent first; 0: never
};

// Speaks gRPC to ingest. Each call repeats what it does not know the fate of, with the same
// idempotency key, until `patience` is over; one attempt lasts 10 s at most. Thread-safe.
class Producer {
 public:
  Producer(const Endpoint& ingest, std::string project, std::string api_key);
  ~Producer();

  std::vector<Publish> Send(Way way, const std::vector<Item>& items,
                            std::chrono::milliseconds patience);
  // One item, by Notify or Broadcast.
  Publish SendOne(const Item& item, std::chrono::milliseconds patience);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// A thread that publishes at a steady rate until it is stopped.
class Load {
 public:
  struct Options {
    std::string prefix;              // of the tags
    std::vector<std::string> users;  // in turn
    Way way = Way::kNotify;
    std::size_t per_call = 1;                                       // of kBatch and kStream
    double per_second = 200;                                        // items
    std::size_t broadcast_every = 0;                                // calls; 0: never
    std::size_t body_bytes = 0;                                     // of each
    std::chrono::milliseconds patience = std::chrono::seconds(60);  // per call
  };
  Load(Producer& producer, Options options);
  ~Load();  // stops

  // How many are acknowledged so far. Any thread.
  std::size_t acknowledged() const { return acknowledged_; }
  // When the last acknowledgement came; 0: none has. Any thread.
  std::int64_t last_acknowledged_us() const { return last_acknowledged_us_; }
  // What was answered or given up so far. Any thread.
  std::vector<Publish> Answered() const;
  // Lets the call under way end, then gives all that was asked for. Once.
  std::vector<Publish> Stop();

 private:
  void Run();
  std::vector<Item> NextItems(std::size_t call);

  Producer& producer_;
  const Options options_;
  std::atomic<std::size_t> acknowledged_ = 0;
  std::atomic<std::int64_t> last_acknowledged_us_ = 0;
  std::size_t made_ = 0;  // Run's thread only
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::vector<Publish> publishes_;

  std::thread thread_;
};

}  // namespace belfry::test
