// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/stream_call.h"

#include <utility>
#include <vector>

#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/publish/request_bytes.h"

namespace belfry::ingest {
namespace {

// What an answer takes while it waits, about.
std::size_t BytesOf(const Result<PublishResult>& result) {
  std::size_t bytes = sizeof(Result<PublishResult>);
  if (!result.ok()) {
    bytes += result.error().message.size();
    for (const FieldViolation& violation : result.error().violations) {
      bytes += sizeof violation + violation.field.size() + violation.description.size();
    }
  }
  return bytes;
}

Error Old() {
  return {Code::kUnavailable, "this stream has been open for long: open another", "STREAM_AGE"};
}

}  // namespace

bool OpenStreams::Add(StreamCall* stream, std::size_t max) {
  const MutexLock lock(mutex_);
  if (streams_.size() >= max) {
    return false;
  }
  streams_.insert(stream);
  gauge_.Set(static_cast<double>(streams_.size()));
  return true;
}

void OpenStreams::Remove(StreamCall* stream) {
  const MutexLock lock(mutex_);
  streams_.erase(stream);
  gauge_.Set(static_cast<double>(streams_.size()));
}

void OpenStreams::Drain() {
  // A stream that ends now removes itself on another thread and waits for mutex_, so that none can
  // go while it is being drained.
  const MutexLock lock(mutex_);
  draining_ = true;
  for (StreamCall* stream : streams_) {
    stream->Drain();
  }
}

void OpenStreams::EndStalled(SteadyTime now, const StreamLimits& limits) {
  const MutexLock lock(mutex_);
  for (StreamCall* stream : streams_) {
    stream->EndStalled(now - limits.messages.patience, now - limits.age_max);
  }
}

std::size_t OpenStreams::size() const {
  const MutexLock lock(mutex_);
  return streams_.size();
}

bool OpenStreams::draining() const {
  const MutexLock lock(mutex_);
  return draining_;
}

void StreamCall::Run() {
  authorization_ = head_.Authorization();
  auto caller = publisher_.Authenticate(authorization_,
                                        publisher_.Trail("grpc", "NotifyStream", head_.Peer()));
  Status allowed = caller.ok() ? publisher_.Authorize(*caller, EntryKind::kNotification)
                               : Status(Fail(std::move(caller.error())));
  if (allowed.ok() && !streams_.Add(this, limits_.streams_max)) {
    allowed = Fail({Code::kResourceExhausted,
                    "open another stream: too many are open",
                    "TOO_MANY_STREAMS",
                    {},
                    std::chrono::milliseconds(1000)});
  } else if (allowed.ok()) {
    registered_ = true;
    calls_.connections().NoteKnown(head_.Peer());
    caller_ = std::move(*caller);
    group_ = Appender::OpenGroup();
  }
  std::optional<Status> end;
  {
    const bool draining = streams_.draining();
    const MutexLock lock(mutex_);
    if (!allowed.ok()) {
      fruitless_ = wire::IsFruitless(allowed.error());
      Stop(std::move(allowed.error()));
    } else if (draining) {
      fruitless_ = false;
      Stop(Draining());
    }
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::Drain() {
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    Stop(Draining());
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::EndStalled(SteadyTime stalled, SteadyTime old) {
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    if (writing_ && writing_since_ <= stalled) {
      head_.context().TryCancel();
    } else if (opened_ <= old) {
      Stop(Old());
      end = Pump();
    }
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::OnReadDone(bool ok) {
  fruitless_ = fruitless_ && !ok;
  bool take = false;
  {
    const MutexLock lock(mutex_);
    reading_ = false;
    // After the end of reading a request is left alone: without an acknowledgement its fate is
    // unknown to the caller, who may repeat it.
    take = ok && !stop_ && !cancelled_ && !ended_;
    taking_ = take;
    if (!ok) {
      read_all_ = true;
    }
  }
  if (take) {
    const wire::MessageBytes message(read_);
    Take(message.view());
  }
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    taking_ = false;
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::Take(std::string_view message) {
  if (Status allowed = StillAllowed(); !allowed.ok()) {
    const MutexLock lock(mutex_);
    Stop(std::move(allowed.error()));
    return;
  }
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    number = window_.Open();
  }
  auto item = Accept(message, number);
  if (!item.ok()) {
    publisher_.CountItem(Transport::kGrpc, item);
  }
  {
    const MutexLock lock(mutex_);
    if (!item.ok()) {
      SetAnswer(number, Fail(std::move(item.error())));
      return;
    }
    items_.emplace(number, *item);
  }
  publisher_.Submit(group_, {*item});
}

Result<ItemPtr> StreamCall::Accept(std::string_view message, std::uint64_t number) {
  NewTrail();
  if (Status admitted = publisher_.Admit(caller_); !admitted.ok()) {
    return Fail(std::move(admitted.error()));
  }
  if (message.size() > limits_.messages.bytes_max) {
    return Fail(MessageTooLarge(message.size(), limits_.messages.bytes_max));
  }
  const auto bytes = StreamItem(message);
  if (!bytes.ok()) {
    return Fail(bytes.error());
  }
  auto wanted = ParseNotifyRequest(*bytes, EntryKind::kNotification);
  if (!wanted.ok()) {
    return Fail(std::move(wanted.error()));
  }
  return publisher_.Accept(
      caller_, std::move(*wanted), FieldNames::Grpc(),
      publisher_.Deadline(TimeLeft(head_.context())),
      [this, number](Result<PublishResult> result) { OnAnswer(number, std::move(result)); });
}

// A stream lives long, so each message has a line of its own.
void StreamCall::NewTrail() {
  caller_.trail = publisher_.Trail("grpc", "NotifyStream", head_.Peer());
  if (caller_.trail) {
    caller_.trail->SetKey(caller_.key_id, caller_.project);
  }
}

// A stream lives long: a key that is withdrawn ends it.
Status StreamCall::StillAllowed() {
  if (!publisher_.Outdated(caller_)) {
    return {};
  }
  auto caller = publisher_.Authenticate(authorization_);
  if (!caller.ok()) {
    return Fail(std::move(caller.error()));
  }
  caller_ = std::move(*caller);
  return publisher_.Authorize(caller_, EntryKind::kNotification);
}

void StreamCall::OnAnswer(std::uint64_t number, Result<PublishResult> result) {
  publisher_.CountItem(Transport::kGrpc, result);
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    items_.erase(number);
    SetAnswer(number, std::move(result));
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::OnWriteDone(bool ok) {
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    writing_ = false;
    window_.Written();
    if (!ok) {
      cancelled_ = true;
    }
    end = Pump();
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::OnCancel() {
  std::vector<ItemPtr> items;
  std::optional<Status> end;
  {
    const MutexLock lock(mutex_);
    cancelled_ = true;
    for (const auto& [number, item] : items_) {
      items.push_back(item);
    }
    end = Pump();
  }
  // Answering the last of them ends the call.
  if (!items.empty()) {
    publisher_.Cancel(items);
  }
  if (end) {
    End(*end);
  }
}

void StreamCall::OnDone() {
  if (registered_) {
    streams_.Remove(this);
  }
  if (fruitless_) {
    calls_.connections().CountFruitless(head_.Peer());
  }
  delete this;
}

std::optional<Status> StreamCall::Pump() {
  if (ended_) {
    return std::nullopt;
  }
  if (!writing_ && !cancelled_) {
    if (const auto ack = window_.Next()) {
      v1::NotifyStreamResponse response;
      ToProto(*ack, *response.mutable_result());
      wire::Encode(response, &write_);
      writing_ = true;
      writing_since_ = publisher_.Now();
      grpc::WriteOptions options;
      if (window_.MoreFollow()) {
        options.set_buffer_hint();
      }
      StartWrite(&write_, options);
    }
  }
  const bool over = read_all_ || stop_ || cancelled_;
  if (!over && !reading_ && !taking_ && window_.MayRead()) {
    reading_ = true;
    StartRead(&read_);
  }
  const bool acknowledged = cancelled_ || window_.unacknowledged() == 0;
  if (!over || taking_ || writing_ || !items_.empty() || !acknowledged) {
    return std::nullopt;
  }
  ended_ = true;
  if (cancelled_) {
    return Status(Fail(Code::kCancelled, "the caller went away"));
  }
  if (stop_ && !read_all_) {
    return Status(Fail(*stop_));
  }
  return Status();
}

void StreamCall::SetAnswer(std::uint64_t number, Result<PublishResult> result) {
  const std::size_t bytes = BytesOf(result);
  window_.Answer(number, std::move(result), bytes);
}

void StreamCall::Stop(Error why) {
  if (!stop_) {
    stop_ = std::move(why);
  }
}

void StreamCall::End(const Status& status) {
  publisher_.metrics().CountCall(Transport::kGrpc, "NotifyStream",
                                 status.ok() ? Code::kOk : status.error().code);
  Finish(status.ok() ? grpc::Status::OK : wire::ToGrpc(status.error()));
}

}  // namespace belfry::ingest
