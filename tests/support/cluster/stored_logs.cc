// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/stored_logs.h"

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "belfry/v1/notification.pb.h"
#include "belfry/v1/store_service.grpc.pb.h"
#include "tests/support/cluster/internal_keys.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using Clock = std::chrono::system_clock;

// What must be added to the store's unix microseconds to get the history's.
std::int64_t FromUnixMicros() {
  const auto now = Clock::now().time_since_epoch();
  return SteadyMicros() - std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

class LogReader {
 public:
  LogReader(const Endpoint& store, std::chrono::milliseconds patience)
      : deadline_(Clock::now() + patience), from_unix_us_(FromUnixMicros()) {
    stub_ = v1::StoreService::NewStub(StoreChannel(store.ToString()));
  }

  Result<std::vector<StoredLog>> ReadAll() {
    v1::GetHeadsResponse heads;
    grpc::ClientContext context;
    Prepare(&context);
    if (const auto status = stub_->GetHeads(&context, {}, &heads); !status.ok()) {
      return FailAs("read the store's heads", status);
    }
    std::vector<StoredLog> logs;
    for (const v1::PartitionHead& head : heads.heads()) {
      auto log = ReadOne(head);
      if (!log.ok()) {
        return Fail(std::move(log.error()));
      }
      logs.push_back(*std::move(log));
    }
    return logs;
  }

 private:
  void Prepare(grpc::ClientContext* context) const {
    context->set_deadline(deadline_);
    context->set_wait_for_ready(true);
  }

  static tl::unexpected<Error> FailAs(const std::string& what, const grpc::Status& status) {
    const Code code =
        status.error_code() == grpc::StatusCode::DATA_LOSS ? Code::kDataLoss : Code::kUnavailable;
    return Fail(code, what + ": " + status.error_message());
  }

  // Reads until the end, or `bytes_max`; the entries so far whatever the status.
  grpc::Status Read(Partition partition, EntryId after, bool across_losses,
                    std::vector<Stored>* entries, std::uint64_t bytes_max = 0) {
    v1::ReadLogRequest request;
    request.set_partition(partition);
    request.set_after(after);
    request.set_bytes_max(bytes_max);
    request.set_across_losses(across_losses);
    grpc::ClientContext context;
    Prepare(&context);
    const auto reader = stub_->ReadLog(&context, request);
    v1::ReadLogResponse page;
    while (reader->Read(&page)) {
      for (const v1::LogEntry& entry : page.entries()) {
        entries->push_back(StoredOf(entry));
      }
    }
    return reader->Finish();
  }

  Stored StoredOf(const v1::LogEntry& entry) const {
    Stored stored;
    stored.partition = entry.partition();
    stored.id = entry.id();
    stored.prev = entry.prev();
    stored.project = entry.project();
    stored.user_id = entry.user_id();
    stored.broadcast_id = entry.broadcast_id();
    if (entry.expires_us() != 0) {
      stored.expires_us = entry.expires_us() + from_unix_us_;
    }
    v1::Notification notification;
    const bool tells =
        entry.kind() == v1::ENTRY_KIND_NOTIFICATION || entry.kind() == v1::ENTRY_KIND_BROADCAST;
    if (tells) {
      stored.tag = notification.ParseFromString(entry.payload()) ? notification.title()
                                                                 : "unreadable payload";
      stored.kind = entry.notification_kind();
    }
    if (entry.kind() == v1::ENTRY_KIND_STATE) {
      stored.change = DecodeStateChange(entry.payload()).value_or(StateChange{});
    }
    return stored;
  }

  Result<StoredLog> ReadOne(const v1::PartitionHead& head) {
    const std::string what = "read the log of partition " + std::to_string(head.partition());
    StoredLog log;
    log.partition = head.partition();
    log.floor = head.floor();
    log.read_us = SteadyMicros();
    // As often as it is below the floor by the time it is read: retention goes on meanwhile.
    grpc::Status status;
    const bool read = WaitUntil(
        [&] {
          log.entries.clear();
          status = Read(log.partition, log.floor, true, &log.entries);
          if (status.error_code() == grpc::StatusCode::OUT_OF_RANGE) {
            log.floor = Floor(log);
          }
          return status.ok() || status.error_code() == grpc::StatusCode::DATA_LOSS;
        },
        Left());
    if (!read || !status.ok()) {
      return FailAs(what, status);
    }
    if (const Status found = FindLosses(head.last_id(), &log); !found.ok()) {
      return Fail(Wrap(what, found.error()));
    }
    return log;
  }

  // The partition's floor as of now; the one that was known if the store does not answer.
  EntryId Floor(const StoredLog& log) {
    v1::GetHeadsResponse heads;
    grpc::ClientContext context;
    Prepare(&context);
    if (stub_->GetHeads(&context, {}, &heads).ok()) {
      for (const v1::PartitionHead& head : heads.heads()) {
        if (head.partition() == log.partition) {
          return head.floor();
        }
      }
    }
    return log.floor;
  }

  // `last_id` was the partition's last before it was read: without an entry it ends a loss.
  Status FindLosses(EntryId last_id, StoredLog* log) {
    EntryId last = log->floor;
    for (const Stored& entry : log->entries) {
      if (const Status found = FindLoss(last, entry.prev, log); !found.ok()) {
        return found;
      }
      last = entry.id;
    }
    return FindLoss(last, last_id, log);
  }

  Status FindLoss(EntryId from, EntryId to, StoredLog* log) {
    if (to <= from) {
      return {};
    }
    for (const EntryId cursor : {from, to - 1}) {
      std::vector<Stored> ignored;
      const grpc::Status status = Read(log->partition, cursor, false, &ignored, 1);
      if (status.ok()) {
        return {};  // a hole, and no loss that the store knows of
      }
      if (status.error_code() != grpc::StatusCode::OUT_OF_RANGE) {
        return FailAs("look after " + std::to_string(cursor), status);
      }
    }
    log->lost.emplace_back(from, to);
    return {};
  }

  std::chrono::milliseconds Left() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
  }

  const Clock::time_point deadline_;
  const std::int64_t from_unix_us_;
  std::unique_ptr<v1::StoreService::Stub> stub_;
};

}  // namespace

Result<std::vector<StoredLog>> ReadStoredLogs(const Endpoint& store,
                                              std::chrono::milliseconds patience) {
  return LogReader(store, patience).ReadAll();
}

}  // namespace belfry::test
