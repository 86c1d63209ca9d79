// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/nats/link.h"

#include <chrono>
#include <utility>

#include "libs/common/backoff.h"
#include "libs/common/random.h"

namespace belfry::wire {
namespace {

// Between attempts to make a connection: to a server that is absent, and to one that refuses us.
constexpr std::chrono::milliseconds kRetryMin{250};
constexpr std::chrono::milliseconds kRetryMax{500};
constexpr std::chrono::milliseconds kRefusedPause{2'000};
// What may wait for our callback before cnats drops messages: a hole, which the store fills.
constexpr int kPendingMessagesMax = 65'536;
constexpr int kPendingBytesMax = 64 * 1024 * 1024;

std::string_view OrEmpty(const char* text) { return text == nullptr ? "" : text; }

// What cnats says about this thread's last call: "(conn.c:1905): Authorization Violation", without
// where in cnats.
std::string LastError(natsStatus status) {
  natsStatus ignored = NATS_OK;
  std::string_view text = OrEmpty(nats_GetLastError(&ignored));
  if (const auto end = text.find("): "); text.starts_with('(') && end != std::string_view::npos) {
    text.remove_prefix(end + 3);
  }
  return std::string(text.empty() ? OrEmpty(natsStatus_GetText(status)) : text);
}

bool IsRefusal(natsStatus status) {
  return status == NATS_CONNECTION_AUTH_FAILED || status == NATS_NOT_PERMITTED ||
         status == NATS_SSL_ERROR || status == NATS_SECURE_CONNECTION_REQUIRED;
}

// Without the subject: a refusal to publish is one, whatever the number of subjects.
std::string_view KindOf(std::string_view reason) { return reason.substr(0, reason.find('"')); }

}  // namespace

NatsLink::NatsLink(CnatsOptions options, std::string subject, OnMessage on_message, Log log)
    : options_(std::move(options)),
      subject_(std::move(subject)),
      on_message_(std::move(on_message)),
      log_(std::move(log)) {
  // These fail only for a missing pointer.
  natsOptions* const raw = options_.get();
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
  Backoff backoff(kRetryMin, kRetryMax, RandomSeed());
  MutexLock lock(mutex_);
  while (!stopping_) {
    closed_ = false;
    completed_ = false;
    lock.Unlock();
    std::shared_ptr<natsConnection> made = Connect();
    lock.Lock();
    if (made != nullptr) {
      backoff.Reset();
      connection_ = made;
      changed_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) { return stopping_ || closed_; });
      connection_ = nullptr;
      lock.Unlock();
      Close(std::move(made));
      lock.Lock();
      continue;  // at once, to learn why it was closed
    }
    const std::chrono::milliseconds pause = refused_ ? kRefusedPause : backoff.Next();
    changed_.WaitFor(mutex_, pause, [this]() BELFRY_REQUIRES(mutex_) { return stopping_; });
  }
}

// Without cnats' own retries, which do not say why an attempt failed.
std::shared_ptr<natsConnection> NatsLink::Connect() {
  natsConnection* raw = nullptr;
  const natsStatus status = natsConnection_Connect(&raw, options_.get());
  if (status != NATS_OK) {
    NoteTrouble(status, LastError(status));
    return nullptr;
  }
  std::shared_ptr<natsConnection> made(raw, natsConnection_Destroy);
  NoteConnected();
  if (on_message_ != nullptr) {
    if (const natsStatus subscribed = Subscribe(raw); subscribed != NATS_OK) {
      NoteTrouble(subscribed, "subscribe: " + LastError(subscribed));
      Close(std::move(made));
      return nullptr;
    }
  }
  return made;
}

std::string NatsLink::trouble() const {
  const MutexLock lock(mutex_);
  return trouble_;
}

void NatsLink::NoteTrouble(natsStatus status, std::string reason) {
  const MutexLock lock(mutex_);
  refused_ = IsRefusal(status);
  if (KindOf(trouble_) == KindOf(reason)) {
    return;
  }
  if (refused_) {
    log_.Error("NATS refuses this client; trying again", {{"reason", reason}});
  } else {
    log_.Warn("cannot connect to NATS; trying again", {{"reason", reason}});
  }
  trouble_ = std::move(reason);
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
  {
    const MutexLock lock(mutex_);
    refused_ = false;
    trouble_.clear();
  }
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

void NatsLink::OnError(natsConnection* connection, natsSubscription*, natsStatus error,
                       void* link) {
  auto* const self = static_cast<NatsLink*>(link);
  if (!IsRefusal(error)) {
    self->log_.Warn("NATS error", {{"error", natsStatus_GetText(error)}});
    return;
  }
  const char* reason = nullptr;
  natsConnection_GetLastError(connection, &reason);
  self->NoteTrouble(error, std::string(OrEmpty(reason)));
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
