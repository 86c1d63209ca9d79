// SPDX-License-Identifier: Apache-2.0
// Who published or changed what, and how it ended: one line of JSON for each call, without bodies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::ingest {

// Where lines go.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // `line` has its end. Any thread; never blocks.
  virtual void Write(std::string line) = 0;
};

// What one call does, noted on its way; the line is written when the last one who holds it lets go.
// A call that only read, and was not refused, has no line. Thread-safe.
class AuditTrail {
 public:
  // How a call came.
  struct Head {
    std::int64_t unix_us = 0;
    std::string transport;  // "rest", "grpc"
    std::string method;     // "POST /v1/notify", "NotifyBatch"
    std::string peer;
  };
  // `sink` must outlive it.
  AuditTrail(AuditSink& sink, Head head) : sink_(sink), head_(std::move(head)) {}
  ~AuditTrail();
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  void SetKey(std::string key_id, std::string project);
  // What it is about: "user:alice", "broadcast", "segment:beta". The first kNamesMax are kept.
  void Target(std::string target);
  // One of what it asks for was done; `id` 0: there is none. The first kNamesMax ids are kept.
  void Accept(std::uint64_t id);
  // One was refused, or nobody knows; the first reason is kept.
  void Refuse(const Error& why);

  static constexpr std::size_t kNamesMax = 10;

 private:
  std::string Line() const BELFRY_REQUIRES(mutex_);

  AuditSink& sink_;
  const Head head_;
  Mutex mutex_;
  std::string key_id_ BELFRY_GUARDED_BY(mutex_);
  std::string project_ BELFRY_GUARDED_BY(mutex_);
  std::vector<std::string> targets_ BELFRY_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> ids_ BELFRY_GUARDED_BY(mutex_);
  std::size_t targets_seen_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::size_t accepted_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::size_t refused_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::string reason_ BELFRY_GUARDED_BY(mutex_);
};

using AuditTrailPtr = std::shared_ptr<AuditTrail>;

}  // namespace belfry::ingest
