// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/log_stream.h"

#include <grpcpp/server_context.h>

#include <string>
#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/status.h"

namespace belfry::store {
namespace {

// One step at a time: a page is read on a reader's thread, then written, then the next one. So at
// any moment exactly one of them is under way, and that one ends the call.
class LogStream final : public grpc::ServerWriteReactor<v1::ReadLogResponse> {
 public:
  LogStream(const v1::ReadLogRequest& request, const grpc::CallbackServerContext& context,
            FeedStore& store, ReaderPool& readers, LogRoom& room, const Clock& clock,
            const StoreServiceMetrics& metrics, const Log& log)
      : context_(context),
        store_(store),
        readers_(readers),
        room_(room),
        clock_(clock),
        metrics_(metrics),
        log_(log),
        bytes_max_(request.bytes_max()),
        query_{.partition = request.partition(),
               .after = request.after(),
               .across_losses = request.across_losses()} {}

  void ReadNext() {
    if (!readers_.Submit([this] { ReadPage(); })) {
      Refuse("read log: too many reads wait");
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

  void OnDone() override { delete this; }

 private:
  void Refuse(std::string why) {
    metrics_.reads_refused.Add();
    Error error{Code::kResourceExhausted, std::move(why), "READERS_BUSY"};
    error.retry_after = std::chrono::milliseconds(100);
    Finish(wire::ToGrpc(error));
  }

  void ReadPage() {
    if (context_.IsCancelled()) {
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
      Finish(wire::ToGrpc(page.error()));
      return;
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
    if (!room_.Take(this, bytes, clock_.Now(), [this] { context_.TryCancel(); })) {
      return Refuse("read log: too many pages wait to be taken");
    }
    metrics_.log_entries_read.Add(static_cast<double>(page->entries.size()));
    query_.after = page->entries.back()->id;
    bytes_sent_ += bytes;
    last_ = !page->more || (bytes_max_ != 0 && bytes_sent_ >= bytes_max_);
    if (last_) {
      metrics_.logs_read.Add();
    }
    StartWrite(&response_);
  }

  const grpc::CallbackServerContext& context_;
  FeedStore& store_;
  ReaderPool& readers_;
  LogRoom& room_;
  const Clock& clock_;
  const StoreServiceMetrics& metrics_;
  const Log& log_;
  const std::uint64_t bytes_max_;

  // The step that is under way.
  LogQuery query_;
  v1::ReadLogResponse response_;
  std::uint64_t bytes_sent_ = 0;
  bool last_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadLogResponse>* StartLogStream(
    const v1::ReadLogRequest& request, const grpc::CallbackServerContext& context, FeedStore& store,
    ReaderPool& readers, LogRoom& room, const Clock& clock, const StoreServiceMetrics& metrics,
    const Log& log) {
  auto* stream = new LogStream(request, context, store, readers, room, clock, metrics, log);
  stream->ReadNext();
  return stream;
}

}  // namespace belfry::store
