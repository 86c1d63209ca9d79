// SPDX-License-Identifier: Apache-2.0
// Writes the audit log's lines to a file or to stderr, on a thread of its own. Whoever writes never
// waits for the disk: what the queue does not hold is dropped and counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "services/ingest/publish/audit.h"

namespace belfry::ingest {

struct AuditLogMetrics {
  static AuditLogMetrics Make(Metrics& metrics);
  Counter written, dropped;  // lines
};

class AuditLog final : public AuditSink {
 public:
  static constexpr std::size_t kQueueBytesMax = 4u << 20;

  // `path`: a file, which is made with mode 0600 and appended to; "stderr". Errors name it.
  static Result<std::unique_ptr<AuditLog>> Open(std::string path, AuditLogMetrics metrics, Log log);
  // Writes what waits.
  ~AuditLog() override;

  void Write(std::string line) override BELFRY_EXCLUDES(mutex_);
  // The file was moved away: opens it anew, before the next line. Any thread.
  void Reopen() { reopen_ = true; }

 private:
  AuditLog(std::string path, int file, AuditLogMetrics metrics, Log log);
  void Run();
  void WriteAll(const std::deque<std::string>& lines);
  void OpenAgain();

  const std::string path_;
  const AuditLogMetrics metrics_;
  const Log log_;
  std::atomic<bool> reopen_{false};

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> lines_ BELFRY_GUARDED_BY(mutex_);
  std::size_t bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool ending_ BELFRY_GUARDED_BY(mutex_) = false;

  // The thread's.
  int file_;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace belfry::ingest
