// SPDX-License-Identifier: Apache-2.0
// One REST request on its way. Private to this room.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/http/message.h"
#include "libs/http/server.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

// Shared by the answers it waits for.
class RestCall final : public std::enable_shared_from_this<RestCall> {
 public:
  // `active` is one higher as long as it lives.
  RestCall(Publisher& publisher, bool batch, std::shared_ptr<http::Responder> responder,
           std::shared_ptr<std::atomic<std::size_t>> active)
      : publisher_(publisher),
        batch_(batch),
        responder_(std::move(responder)),
        active_(std::move(active)) {
    active_->fetch_add(1);
  }
  ~RestCall() { active_->fetch_sub(1); }
  RestCall(const RestCall&) = delete;
  RestCall& operator=(const RestCall&) = delete;

  // Whose rate the answer tells. Before Refuse or Run.
  void SetCaller(const Caller& caller) {
    caller_ = caller;
    responder_->NoteKnown();
  }
  // Makes the answer one of POST /v1/notify for many users: as a batch's. Before Run.
  void AnswerItemByItem() { item_by_item_ = true; }
  // Answers `count` notifications (not 0) in their order. The first has been admitted; each other
  // one is before `parse` is asked for it, which is not called once Run has returned.
  // kPermissionDenied for one that the key must not make fails that item.
  void Run(const Caller& caller, std::size_t count,
           const std::function<PublishRequest(std::size_t)>& parse);
  // Answers one notification to a segment, which has been admitted.
  void RunSegment(Audience& audience, const Caller& caller, PublishRequest wanted);
  // Ends it before anything was submitted.
  void Refuse(http::Response response, Code code);
  void Refuse(const Error& error) { Refuse(http::Problem(error), error.code); }

 private:
  Result<ItemPtr> Accept(const Caller& caller, PublishRequest wanted, std::size_t index,
                         SteadyTime deadline);
  void SetResult(std::size_t index, Result<PublishResult> result);
  void OnAnswer(std::size_t index, Result<PublishResult> result);
  void Complete();
  void OnSegment(const Result<AudienceUpdated>& updated);
  void End(http::Response response, Code code);

  // Constant once Run has submitted.
  Publisher& publisher_;
  const bool batch_;
  bool item_by_item_ = batch_;
  std::string_view name_ = batch_ ? "NotifyBatch" : "Notify";  // as metrics have it
  std::optional<Caller> caller_;
  const std::shared_ptr<http::Responder> responder_;
  const std::shared_ptr<std::atomic<std::size_t>> active_;
  // Each written by one thread; waiting_ orders the writes before Complete reads.
  std::vector<std::optional<Result<PublishResult>>> results_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace belfry::ingest
