// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <utility>

#include "libs/wire/nats/link.h"
#include "libs/wire/nats/nats.h"

namespace belfry::wire {
namespace {

class Publisher final : public NatsPublisher {
 public:
  Publisher(CnatsOptions options, Log log)
      : link_(std::move(options), "", nullptr, std::move(log)) {
    link_.Start();
  }

  Status Publish(const std::string& subject, std::string_view bytes) override {
    const std::string doing = "publish " + std::to_string(bytes.size()) + " bytes on " + subject;
    if (bytes.size() > std::size_t{std::numeric_limits<int>::max()}) {
      return Fail(Code::kInvalidArgument, doing + ": too large");
    }
    const std::shared_ptr<natsConnection> connection = link_.connection();
    if (connection == nullptr ||
        natsConnection_Status(connection.get()) != NATS_CONN_STATUS_CONNECTED) {
      return Fail(Code::kUnavailable, doing + ": not connected");
    }
    const natsStatus status = natsConnection_Publish(connection.get(), subject.c_str(),
                                                     bytes.data(), static_cast<int>(bytes.size()));
    const bool hopeless = status == NATS_MAX_PAYLOAD || status == NATS_INVALID_SUBJECT;
    return FromCnats(status, hopeless ? Code::kInvalidArgument : Code::kUnavailable, doing);
  }

  bool connected() const override { return link_.connected(); }
  std::uint64_t connects() const override { return link_.connects(); }
  std::string trouble() const override { return link_.trouble(); }

 private:
  NatsLink link_;
};

}  // namespace

Result<std::unique_ptr<NatsPublisher>> NatsPublisher::Start(NatsOptions options, Log log) {
  auto made = MakeCnatsOptions(options);
  if (!made.ok()) {
    return Fail(std::move(made).error());
  }
  return std::unique_ptr<NatsPublisher>(
      std::make_unique<Publisher>(*std::move(made), std::move(log)));
}

}  // namespace belfry::wire
