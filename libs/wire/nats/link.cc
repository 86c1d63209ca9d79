// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/nats/link.h"

#include <chrono>
#include <utility>

namespace belfry::wire {
namespace {

constexpr std::chrono::seconds kRemakePause{2};
// What may wait for our callback before cnats drops messages: a hole, which the store fills.
constexpr int kPendingMessagesMax = 65'536;
constexpr int kPendingBytesMax = 64 * 1024 * 1024;

std::string_view OrEmpty(const char* text) { return text == nullptr ? "" : text; }

}  // namespace

NatsLink::NatsLink(CnatsOptions options, std::string subject, OnMessage on_message, Log log)
    : options_(std::move(options)),
      subject_(std::move(subject)),
      on_message_(std::move(on_message)),
      log_(std::move(log)) {
  // These fail only for a missing pointer.
  natsOptions* const raw = options_.get();
  natsOptions_SetRetryOnFailedConnect(raw, true, OnConnected, this);
  natsOptions_SetReconnectedCB(raw, OnConnected, this);
  natsOptions_SetDisconnectedCB(raw, OnDisconnected, this);
  natsOptions_SetClosedCB(raw, OnClosed, this);
  natsOptions_SetErrorHandler(raw, OnError, this);
}

NatsLink::~NatsLink() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void NatsLink::Start() {
  thread_ = std::thread([this] { Run(); });
}

std::shared_ptr<natsConnection> NatsLink::connection() const {
  const MutexLock lock(mutex_);
  return connection_;
}

void NatsLink::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    closed_ = false;
    completed_ = false;
    lock.Unlock();
    std::shared_ptr<natsConnection> made = Connect();
    lock.Lock();
    if (made != nullptr) {
      connection_ = made;
      changed_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) { return stopping_ || closed_; });
      connection_ = nullptr;
      lock.Unlock();
      Close(std::move(made));
      lock.Lock();
    }
    if (!stopping_) {
      log_.Error("NATS refuses this client; trying again", {{"pause_s", kRemakePause.count()}});
      changed_.WaitFor(mutex_, kRemakePause,
                       [this]() BELFRY_REQUIRES(mutex_) { return stopping_; });
    }
  }
}

std::shared_ptr<natsConnection> NatsLink::Connect() {
  natsConnection* raw = nullptr;
  const natsStatus status = natsConnection_Connect(&raw, options_.get());
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) {
    log_.Error("cannot connect to NATS", {{"error", natsStatus_GetText(status)}});
    return nullptr;
  }
  std::shared_ptr<natsConnection> made(raw, natsConnection_Destroy);
  if (status == NATS_OK) {
    NoteConnected();
  }
  if (on_message_ != nullptr) {
    if (const natsStatus subscribed = Subscribe(raw); subscribed != NATS_OK) {
      log_.Error("cannot subscribe",
                 {{"subject", subject_}, {"error", natsStatus_GetText(subscribed)}});
      Close(std::move(made));
      return nullptr;
    }
  }
  return made;
}

natsStatus NatsLink::Subscribe(natsConnection* connection) {
  natsStatus status =
      natsConnection_Subscribe(&subscription_, connection, subject_.c_str(), OnCnatsMessage, this);
  if (status == NATS_OK) {
    status = natsSubscription_SetOnCompleteCB(subscription_, OnComplete, this);
  }
  if (status == NATS_OK) {
    status =
        natsSubscription_SetPendingLimits(subscription_, kPendingMessagesMax, kPendingBytesMax);
  }
  return status;
}

void NatsLink::Close(std::shared_ptr<natsConnection> connection) {
  natsConnection_Close(connection.get());
  {
    const MutexLock lock(mutex_);
    changed_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) {
      return closed_ && (completed_ || subscription_ == nullptr);
    });
  }
  connected_ = false;
  // Only now: destroying one under traffic corrupts memory (cnats 3.4.1).
  natsSubscription_Destroy(subscription_);
  subscription_ = nullptr;
}

void NatsLink::NoteConnected() {
  ++connects_;
  connected_ = true;
  log_.Info("connected to NATS", {{"connects", connects_.load()}});
}

void NatsLink::OnConnected(natsConnection*, void* link) {
  static_cast<NatsLink*>(link)->NoteConnected();
}

void NatsLink::OnDisconnected(natsConnection* connection, void* link) {
  auto* const self = static_cast<NatsLink*>(link);
  const char* reason = nullptr;
  natsConnection_GetLastError(connection, &reason);
  if (self->connected_.exchange(false)) {
    self->log_.Warn("disconnected from NATS", {{"reason", OrEmpty(reason)}});
  }
}

void NatsLink::OnClosed(natsConnection*, void* link) {
  auto* const self = static_cast<NatsLink*>(link);
  const MutexLock lock(self->mutex_);
  self->closed_ = true;
  self->changed_.NotifyAll();
}

void NatsLink::OnError(natsConnection*, natsSubscription*, natsStatus error, void* link) {
  static_cast<NatsLink*>(link)->log_.Warn("NATS error", {{"error", natsStatus_GetText(error)}});
}

void NatsLink::OnCnatsMessage(natsConnection*, natsSubscription*, natsMsg* message, void* link) {
  const auto* const self = static_cast<NatsLink*>(link);
  const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(message));
  self->on_message_(OrEmpty(natsMsg_GetSubject(message)),
                    std::string_view(size == 0 ? "" : natsMsg_GetData(message), size));
  natsMsg_Destroy(message);
}

void NatsLink::OnComplete(void* link) {
  auto* const self = static_cast<NatsLink*>(link);
  const MutexLock lock(self->mutex_);
  self->completed_ = true;
  self->changed_.NotifyAll();
}

}  // namespace belfry::wire
