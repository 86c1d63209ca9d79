// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/notify_service.h"

#include <functional>
#include <string_view>
#include <utility>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "services/ingest/grpc/notify_work.h"
#include "services/ingest/grpc/stream_call.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {

class NotifyService::Impl {
 public:
  Impl(Audience& audience, UnaryCalls& calls, StreamLimits limits)
      : audience_(audience),
        publisher_(audience.publisher()),
        calls_(calls),
        limits_(limits),
        streams_(publisher_.metrics().streams) {
    Add("Notify",
        [this] { return std::make_unique<NotifyWork>(publisher_, EntryKind::kNotification); });
    Add("NotifyBatch", [this] { return std::make_unique<NotifyBatchWork>(publisher_); });
    Add("Broadcast",
        [this] { return std::make_unique<NotifyWork>(publisher_, EntryKind::kBroadcast); });
    Add("NotifySegment", [this] { return std::make_unique<NotifySegmentWork>(audience_); });
    service_.Add("NotifyStream", [this](const wire::CallHead& head) {
      auto* const call = new StreamCall(head, publisher_, calls_.calls(), limits_, streams_);
      call->Run();
      return call;
    });
  }

  grpc::Service* service() { return &service_; }
  void Drain() { streams_.Drain(); }
  void EndStalled(SteadyTime now) { streams_.EndStalled(now, limits_); }
  std::size_t active() const { return streams_.size(); }

 private:
  void Add(std::string_view method, std::function<std::unique_ptr<UnaryWork>()> make) {
    AddUnary(&service_, method, publisher_, calls_, std::move(make));
  }

  Audience& audience_;
  Publisher& publisher_;
  UnaryCalls& calls_;
  const StreamLimits limits_;
  OpenStreams streams_;
  wire::HeadFirstService service_{v1::NotifyService::service_full_name()};
};

NotifyService::NotifyService(Audience& audience, UnaryCalls& calls, StreamLimits limits)
    : impl_(std::make_unique<Impl>(audience, calls, limits)) {}
NotifyService::~NotifyService() = default;

grpc::Service* NotifyService::service() { return impl_->service(); }
void NotifyService::Drain() { impl_->Drain(); }
void NotifyService::EndStalled(SteadyTime now) { impl_->EndStalled(now); }
std::size_t NotifyService::active() const { return impl_->active(); }

}  // namespace belfry::ingest
