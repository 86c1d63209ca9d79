// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/audit/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace belfry::ingest {
namespace {

constexpr char kStderr[] = "stderr";

Result<int> OpenFile(const std::string& path) {
  if (path == kStderr) {
    return STDERR_FILENO;
  }
  const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return Fail(Code::kUnavailable, "open " + path + ": " + std::strerror(errno));
  }
  return file;
}

void CloseFile(int file) {
  if (file >= 0 && file != STDERR_FILENO) {
    ::close(file);
  }
}

// False: errno says why.
bool WriteTo(int file, const std::string& line) {
  std::size_t written = 0;
  while (written < line.size()) {
    const ssize_t more = ::write(file, line.data() + written, line.size() - written);
    if (more < 0 && errno == EINTR) {
      continue;
    }
    if (more <= 0) {
      return false;
    }
    written += static_cast<std::size_t>(more);
  }
  return true;
}

}  // namespace

AuditLogMetrics AuditLogMetrics::Make(Metrics& metrics) {
  return {.written = metrics.AddCounter("belfry_ingest_audit_lines_total",
                                        "Lines written to the audit log"),
          .dropped = metrics.AddCounter("belfry_ingest_audit_lines_dropped_total",
                                        "Lines that the audit log has lost")};
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(std::string path, AuditLogMetrics metrics,
                                                 Log log) {
  const auto file = OpenFile(path);
  if (!file.ok()) {
    return Fail(file.error());
  }
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(path), *file, metrics, std::move(log)));
}

AuditLog::AuditLog(std::string path, int file, AuditLogMetrics metrics, Log log)
    : path_(std::move(path)), metrics_(metrics), log_(std::move(log)), file_(file) {
  thread_ = std::thread([this] { Run(); });
}

AuditLog::~AuditLog() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
  CloseFile(file_);
}

void AuditLog::Write(std::string line) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    if (bytes_ + line.size() > kQueueBytesMax) {
      metrics_.dropped.Add();
      return;
    }
    wake = lines_.empty();
    bytes_ += line.size();
    lines_.push_back(std::move(line));
  }
  if (wake) {
    changed_.NotifyAll();
  }
}

void AuditLog::Run() {
  while (true) {
    std::deque<std::string> lines;
    {
      const MutexLock lock(mutex_);
      while (lines_.empty() && !ending_) {
        changed_.Wait(mutex_);
      }
      if (lines_.empty()) {
        return;
      }
      lines = std::exchange(lines_, {});
      bytes_ = 0;
    }
    if (reopen_.exchange(false)) {
      OpenAgain();
    }
    WriteAll(lines);
  }
}

void AuditLog::WriteAll(const std::deque<std::string>& lines) {
  bool failing = false;
  for (const std::string& line : lines) {
    if (WriteTo(file_, line)) {
      metrics_.written.Add();
      continue;
    }
    metrics_.dropped.Add();
    if (!failing && !failing_) {
      log_.Error("cannot write the audit log", {{"file", path_}, {"error", std::strerror(errno)}});
    }
    failing = true;
  }
  failing_ = failing;
}

void AuditLog::OpenAgain() {
  const auto file = OpenFile(path_);
  if (!file.ok()) {
    log_.Error("cannot open the audit log anew, the old file stays in use",
               {{"error", file.error()}});
    return;
  }
  CloseFile(file_);
  file_ = *file;
}

}  // namespace belfry::ingest
