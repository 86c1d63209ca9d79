// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "libs/common/check.h"
#include "libs/wire/nats/link.h"
#include "libs/wire/nats/nats.h"

namespace belfry::wire {
namespace {

class Subscriber final : public NatsSubscriber {
 public:
  Subscriber(CnatsOptions options, std::string subject, OnMessage on_message, Log log)
      : link_(std::move(options), std::move(subject), std::move(on_message), std::move(log)) {
    link_.Start();
  }
  bool connected() const override { return link_.connected(); }
  std::string trouble() const override { return link_.trouble(); }

 private:
  NatsLink link_;
};

}  // namespace

Result<std::unique_ptr<NatsSubscriber>> NatsSubscriber::Start(NatsOptions options,
                                                              std::string subject,
                                                              OnMessage on_message, Log log) {
  BELFRY_CHECK(on_message != nullptr && !subject.empty());
  auto made = MakeCnatsOptions(options);
  if (!made.ok()) {
    return Fail(std::move(made).error());
  }
  return std::unique_ptr<NatsSubscriber>(std::make_unique<Subscriber>(
      *std::move(made), std::move(subject), std::move(on_message), std::move(log)));
}

}  // namespace belfry::wire
