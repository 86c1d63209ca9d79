// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/health.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "grpc/health/v1/health.pb.h"
#include "libs/common/mutex.h"
#include "libs/wire/rpc/message_bytes.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Serving = HealthCheckResponse::ServingStatus;

// Of all callers together.
constexpr std::size_t kWatchesMax = 256;

Error Malformed() {
  return {Code::kInvalidArgument, "check health: not a valid protobuf message",
          "MALFORMED_MESSAGE"};
}

}  // namespace

class Health::State {
 public:
  // SERVICE_UNKNOWN: there is no such service.
  Serving Of(const std::string& service) const BELFRY_REQUIRES(mutex) {
    if (!service.empty() && std::find(names.begin(), names.end(), service) == names.end()) {
      return HealthCheckResponse::SERVICE_UNKNOWN;
    }
    return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
  }

  Mutex mutex;
  std::vector<std::string> names BELFRY_GUARDED_BY(mutex);
  bool serving BELFRY_GUARDED_BY(mutex) = false;
  bool ended BELFRY_GUARDED_BY(mutex) = false;
  std::unordered_set<Watch*> watches BELFRY_GUARDED_BY(mutex);
};

class Health::Check final : public HeadFirstCall {
 public:
  Check(const CallHead& head, HeadFirstCalls& calls, State& state)
      : HeadFirstCall(head, calls, Counts::kNo), state_(state) {}

 private:
  Status Admit(const CallHead& /*head*/) override { return {}; }
  void OnMessage(const grpc::ByteBuffer& message) override {
    HealthCheckRequest request;
    if (!Decode(message, &request)) {
      return Refuse(Malformed());
    }
    HealthCheckResponse response;
    {
      const MutexLock lock(state_.mutex);
      response.set_status(state_.Of(request.service()));
    }
    if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
      return Refuse({Code::kNotFound, "check health: there is no such service"});
    }
    Answer(response);
  }

  State& state_;
};

// Tells its caller what holds and each change of it, until the caller goes.
class Health::Watch final : public HeadFirstCall {
 public:
  Watch(const CallHead& head, HeadFirstCalls& calls, State& state)
      : HeadFirstCall(head, calls, Counts::kNo), state_(state) {}

  // These with the state's mutex held, once it is among the watches.
  const std::string& service() const { return service_; }
  // Sends what holds `now`, if that is new and nothing is being sent.
  void Send(Serving now) {
    if (writing_ || ended_ || sent_ == now) {
      return;
    }
    HealthCheckResponse response;
    response.set_status(now);
    sent_ = now;
    writing_ = true;
    Encode(response, &bytes_);
    StartWrite(&bytes_);
  }
  // Now, or when what is being sent has been taken. Afterwards it may be gone.
  void End(const Error& why) {
    ending_ = ending_ ? ending_ : std::optional(why);
    if (!writing_ && !std::exchange(ended_, true)) {
      Finish(ToGrpc(*ending_));
    }
  }

 private:
  Status Admit(const CallHead& /*head*/) override { return {}; }

  void OnMessage(const grpc::ByteBuffer& message) override {
    HealthCheckRequest request;
    if (!Decode(message, &request)) {
      return Refuse(Malformed());
    }
    const MutexLock lock(state_.mutex);
    if (cancelled_) {
      return End(Gone());
    }
    if (state_.ended || state_.watches.size() >= kWatchesMax) {
      return End({state_.ended ? Code::kUnavailable : Code::kResourceExhausted,
                  state_.ended ? "the server is stopping" : "too many calls watch"});
    }
    service_ = request.service();
    state_.watches.insert(this);
    Send(state_.Of(service_));
  }

  void OnWriteDone(bool ok) override {
    const MutexLock lock(state_.mutex);
    writing_ = false;
    if (ending_ || !ok) {
      state_.watches.erase(this);
      return End(Gone());
    }
    Send(state_.Of(service_));
  }

  void OnCancel() override {
    const MutexLock lock(state_.mutex);
    cancelled_ = true;
    if (state_.watches.erase(this) > 0) {  // else its message is awaited, and that ends it
      End(Gone());
    }
  }

  static Error Gone() { return {Code::kCancelled, "the caller went away"}; }

  State& state_;
  // All guarded by state_.mutex.
  std::string service_;
  std::optional<Serving> sent_;
  std::optional<Error> ending_;
  bool writing_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  grpc::ByteBuffer bytes_;
};

Health::Health(HeadFirstCalls& calls)
    : state_(std::make_unique<State>()), service_("grpc.health.v1.Health") {
  service_.Add("Check", [this, &calls](const CallHead& head) {
    auto* const call = new Check(head, calls, *state_);
    call->Run();
    return call;
  });
  service_.Add("Watch", [this, &calls](const CallHead& head) {
    auto* const call = new Watch(head, calls, *state_);
    call->Run();
    return call;
  });
}

Health::~Health() = default;

grpc::Service* Health::service() { return &service_; }

void Health::SetNames(std::vector<std::string> names) {
  const MutexLock lock(state_->mutex);
  state_->names = std::move(names);
}

void Health::SetServing(bool serving) {
  const MutexLock lock(state_->mutex);
  state_->serving = serving;
  for (Watch* const watch : state_->watches) {
    watch->Send(state_->Of(watch->service()));
  }
}

void Health::EndWatches() {
  const MutexLock lock(state_->mutex);
  state_->ended = true;
  for (Watch* const watch : state_->watches) {
    watch->End({Code::kUnavailable, "the server is stopping"});
  }
  state_->watches.clear();
}

}  // namespace belfry::wire
