// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/producer.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/wire/rpc/status.h"

namespace belfry::test {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr Millis kCallTimeoutMax{10'000};
constexpr Millis kRetryAfter{50};

// Those that promise "not stored" (see notify_service.proto). FromGrpc makes another code of a
// RESOURCE_EXHAUSTED that is gRPC's own.
bool MeansNotStored(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// One item and what came of its attempts.
struct Pending {
  const Item* item;
  Publish publish;
  std::int64_t expires_unix_us = 0;
  bool maybe_stored = false;
  bool settled = false;

  void Ok(EntryId id) {
    publish.ids.push_back(id);
    publish.outcome = Publish::Outcome::kAcknowledged;
    Answered();
    settled = true;
  }
  void Failed(Code code) {
    Answered();
    if (!MeansNotStored(code)) {
      maybe_stored = true;
    } else if (!maybe_stored) {
      publish.outcome = Publish::Outcome::kRejected;
      settled = true;
    }
  }
  void Answered() { publish.answered_us = SteadyMicros(); }
};

using Batch = std::vector<Pending*>;

v1::NotifyRequest RequestOf(const Pending& pending) {
  const Item& item = *pending.item;
  v1::NotifyRequest request;
  v1::Notification& notification = *request.mutable_notification();
  notification.set_user_id(item.user_id);
  notification.set_title(item.tag);
  notification.set_body(item.body);
  if (pending.expires_unix_us != 0) {
    *notification.mutable_expires_at() =
        google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(pending.expires_unix_us);
  }
  request.set_idempotency_key(item.tag);
  return request;
}

void Take(const v1::NotifyResult& result, Pending* pending) {
  if (result.has_ok()) {
    pending->Ok(result.ok().id());
  } else {
    pending->Failed(wire::FromProto(result.error()).code);
  }
}

}  // namespace

struct Producer::Impl {
  std::string project;
  std::string api_key;
  std::unique_ptr<v1::NotifyService::Stub> stub;

  void Prepare(grpc::ClientContext* context, Millis patience) const {
    context->AddMetadata("authorization", "Bearer " + api_key);
    context->set_deadline(std::chrono::system_clock::now() + std::min(patience, kCallTimeoutMax));
    // A call that waits also polls: when all fail fast, gRPC 1.51 looks at the connection that it
    // is making only every 5 s.
    context->set_wait_for_ready(true);
  }

  void CallNotify(Pending* pending, Millis patience) const {
    grpc::ClientContext context;
    Prepare(&context, patience);
    v1::NotifyResponse response;
    const grpc::Status status = stub->Notify(&context, RequestOf(*pending), &response);
    if (status.ok()) {
      pending->Ok(response.id());
    } else {
      pending->Failed(wire::FromGrpc(status).code);
    }
  }

  void CallBroadcast(Pending* pending, Millis patience) const {
    grpc::ClientContext context;
    Prepare(&context, patience);
    v1::BroadcastRequest request;
    request.mutable_notification()->set_title(pending->item->tag);
    request.set_idempotency_key(pending->item->tag);
    v1::BroadcastResponse response;
    const grpc::Status status = stub->Broadcast(&context, request, &response);
    if (status.ok()) {
      pending->Ok(response.id());
    } else {
      pending->Failed(wire::FromGrpc(status).code);
    }
  }

  void CallBatch(const Batch& batch, Millis patience) const {
    grpc::ClientContext context;
    Prepare(&context, patience);
    v1::NotifyBatchRequest request;
    for (const Pending* pending : batch) {
      *request.add_items() = RequestOf(*pending);
    }
    v1::NotifyBatchResponse response;
    const grpc::Status status = stub->NotifyBatch(&context, request, &response);
    BELFRY_CHECK(!status.ok() || response.results_size() == request.items_size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (status.ok()) {
        Take(response.results(static_cast<int>(i)), batch[i]);
      } else {
        batch[i]->Failed(wire::FromGrpc(status).code);
      }
    }
  }

  void CallStream(const Batch& batch, Millis patience) const {
    grpc::ClientContext context;
    Prepare(&context, patience);
    const auto stream = stub->NotifyStream(&context);
    std::thread writer([&batch, &stream] {
      v1::NotifyStreamRequest request;
      for (const Pending* pending : batch) {
        *request.mutable_item() = RequestOf(*pending);
        if (!stream->Write(request)) {
          break;
        }
      }
      stream->WritesDone();
    });
    v1::NotifyStreamResponse response;
    std::size_t answered = 0;
    while (answered < batch.size() && stream->Read(&response)) {
      Take(response.result(), batch[answered++]);
    }
    writer.join();
    const grpc::Status status = stream->Finish();
    // An ended stream says nothing about what it has not acknowledged, unless it refused all.
    const bool refused = !status.ok() && answered == 0;
    for (; answered < batch.size(); ++answered) {
      batch[answered]->Failed(refused ? wire::FromGrpc(status).code : Code::kUnknown);
    }
  }

  void Call(Way way, const Batch& batch, Millis patience) const {
    Batch notifications;
    for (Pending* pending : batch) {
      if (pending->item->user_id.empty()) {
        CallBroadcast(pending, patience);
      } else if (way == Way::kNotify) {
        CallNotify(pending, patience);
      } else {
        notifications.push_back(pending);
      }
    }
    if (notifications.empty()) {
      return;
    }
    if (way == Way::kBatch) {
      CallBatch(notifications, patience);
    } else {
      CallStream(notifications, patience);
    }
  }
};

Producer::Producer(const Endpoint& ingest, std::string project, std::string api_key)
    : impl_(std::make_unique<Impl>()) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);  // how long one attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  impl_->project = std::move(project);
  impl_->api_key = std::move(api_key);
  impl_->stub = v1::NotifyService::NewStub(
      grpc::CreateCustomChannel(ingest.ToString(), grpc::InsecureChannelCredentials(), arguments));
}

Producer::~Producer() = default;

std::vector<Publish> Producer::Send(Way way, const std::vector<Item>& items, Millis patience) {
  const auto deadline = Clock::now() + patience;
  std::vector<Pending> all;
  for (const Item& item : items) {
    Pending pending{&item, {}};
    if (item.expires_in.count() != 0) {
      const std::chrono::microseconds left = item.expires_in;
      pending.expires_unix_us = SystemClock().UnixMicros() + left.count();
      pending.publish.expires_us = SteadyMicros() + left.count();
    }
    pending.publish.tag = item.tag;
    pending.publish.project = impl_->project;
    pending.publish.user_id = item.user_id;
    pending.publish.asked_us = SteadyMicros();
    all.push_back(std::move(pending));
  }
  while (true) {
    Batch batch;
    for (Pending& pending : all) {
      if (!pending.settled) {
        batch.push_back(&pending);
      }
    }
    if (batch.empty()) {
      break;
    }
    impl_->Call(way, batch, patience);
    const bool settled =
        std::all_of(batch.begin(), batch.end(), [](const Pending* p) { return p->settled; });
    if (settled || Clock::now() > deadline) {
      break;
    }
    std::this_thread::sleep_for(kRetryAfter);
  }
  std::vector<Publish> publishes;
  for (Pending& pending : all) {
    publishes.push_back(std::move(pending.publish));
  }
  return publishes;
}

Publish Producer::SendOne(const Item& item, Millis patience) {
  return Send(Way::kNotify, {item}, patience).front();
}

Load::Load(Producer& producer, Options options)
    : producer_(producer), options_(std::move(options)), thread_([this] { Run(); }) {}

Load::~Load() { Stop(); }

std::vector<Publish> Load::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  return std::exchange(publishes_, {});
}

std::vector<Publish> Load::Answered() const {
  const std::lock_guard lock(mutex_);
  return publishes_;
}

void Load::Run() {
  const auto per_call = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(static_cast<double>(options_.per_call) / options_.per_second));
  auto next = Clock::now();
  for (std::size_t call = 0;; ++call) {
    {
      std::unique_lock lock(mutex_);
      if (wake_.wait_until(lock, next, [this] { return stopping_; })) {
        return;
      }
    }
    // After an outage it goes on at its rate; what it did not ask for then stays unasked.
    next = std::max(next + per_call, Clock::now() - per_call);
    auto publishes = producer_.Send(options_.way, NextItems(call), options_.patience);
    for (const Publish& publish : publishes) {
      if (publish.outcome != Publish::Outcome::kAcknowledged) {
        continue;
      }
      ++acknowledged_;
      last_acknowledged_us_ = publish.answered_us;
    }
    const std::lock_guard lock(mutex_);
    std::move(publishes.begin(), publishes.end(), std::back_inserter(publishes_));
  }
}

std::vector<Item> Load::NextItems(std::size_t call) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < options_.per_call; ++i) {
    const std::string& user = options_.users[made_ % options_.users.size()];
    items.push_back({user, options_.prefix + "-" + std::to_string(made_),
                     std::string(options_.body_bytes, 'x')});
    ++made_;
  }
  if (options_.broadcast_every != 0 && call % options_.broadcast_every == 0) {
    items.front().user_id.clear();
  }
  return items;
}

}  // namespace belfry::test
