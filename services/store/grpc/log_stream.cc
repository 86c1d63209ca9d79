// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/log_stream.h"

#include <string>
#include <utility>

#include "belfry/v1/store_service.pb.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/message_bytes.h"

namespace belfry::store {
namespace {

// One step at a time: a page is read on a reader's thread, then written, then the next one. So at
// any moment exactly one of them is under way, and that one ends the call.
class LogStream final : public wire::HeadFirstCall {
 public:
  LogStream(const wire::CallHead& head, wire::HeadFirstCalls& calls, FeedStore& store,
            ReaderPool& readers, LogRoom& room, const Clock& clock,
            const StoreServiceMetrics& metrics, const Log& log)
      : HeadFirstCall(head, calls),
        store_(store),
        readers_(readers),
        room_(room),
        clock_(clock),
        metrics_(metrics),
        log_(log) {}

 private:
  void OnMessage(const grpc::ByteBuffer& message) override {
    v1::ReadLogRequest request;
    if (!wire::Decode(message, &request)) {
      return Refuse(
          {Code::kInvalidArgument, "read log: not a valid protobuf message", "MALFORMED_MESSAGE"});
    }
    bytes_max_ = request.bytes_max();
    query_ = {.partition = request.partition(),
              .after = request.after(),
              .across_losses = request.across_losses()};
    ReadNext();
  }

  void ReadNext() {
    if (!readers_.Submit([this] { ReadPage(); })) {
      RefuseBusy("read log: too many reads wait");
    }
  }

  void OnWriteDone(bool ok) override {
    room_.GiveBack(this);
    if (!ok) {
      Finish(grpc::Status::CANCELLED);
    } else if (last_) {
      Finish(grpc::Status::OK);
    } else {
      ReadNext();
    }
  }

  void RefuseBusy(std::string why) {
    metrics_.reads_refused.Add();
    Error error{Code::kResourceExhausted, std::move(why), "READERS_BUSY"};
    error.retry_after = std::chrono::milliseconds(100);
    Refuse(error);
  }

  void ReadPage() {
    if (context().IsCancelled()) {
      Finish(grpc::Status::CANCELLED);
      return;
    }
    const auto page = store_.ReadLog(query_);
    if (!page.ok()) {
      if (page.error().code == Code::kOutOfRange) {
        metrics_.logs_out_of_range.Add();
      } else {
        metrics_.logs_failed.Add();
        log_.Warn("cannot read a log", {{"error", page.error()}});
      }
      return Refuse(page.error());
    }
    query_.until = page->until;  // the end as of the call
    if (query_.until == 0 || page->entries.empty()) {
      metrics_.logs_read.Add();
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    response_.set_store_time_us(clock_.ExpiryMicros());
    for (const EntryPtr& entry : page->entries) {
      wire::ToProto(*entry, response_.add_entries());
    }
    const std::size_t bytes = response_.ByteSizeLong();
    if (!room_.Take(this, bytes, clock_.Now(), [this] { context().TryCancel(); })) {
      return RefuseBusy("read log: too many pages wait to be taken");
    }
    metrics_.log_entries_read.Add(static_cast<double>(page->entries.size()));
    query_.after = page->entries.back()->id;
    bytes_sent_ += bytes;
    last_ = !page->more || (bytes_max_ != 0 && bytes_sent_ >= bytes_max_);
    if (last_) {
      metrics_.logs_read.Add();
    }
    wire::Encode(response_, &page_);
    StartWrite(&page_);
  }

  FeedStore& store_;
  ReaderPool& readers_;
  LogRoom& room_;
  const Clock& clock_;
  const StoreServiceMetrics& metrics_;
  const Log& log_;

  // The step that is under way.
  std::uint64_t bytes_max_ = 0;
  LogQuery query_;
  v1::ReadLogResponse response_;
  grpc::ByteBuffer page_;
  std::uint64_t bytes_sent_ = 0;
  bool last_ = false;
};

}  // namespace

wire::HeadFirstService::Reactor* StartLogStream(
    const wire::CallHead& head, wire::HeadFirstCalls& calls, FeedStore& store, ReaderPool& readers,
    LogRoom& room, const Clock& clock, const StoreServiceMetrics& metrics, const Log& log) {
  auto* const stream = new LogStream(head, calls, store, readers, room, clock, metrics, log);
  stream->Run();
  return stream;
}

}  // namespace belfry::store
