// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_call.h"

#include <string>
#include <utility>

#include "services/ingest/rest/json_request.h"
#include "services/ingest/rest/rest_headers.h"

namespace belfry::ingest {

void RestCall::Run(const Caller& caller, std::size_t count,
                   const std::function<PublishRequest(std::size_t)>& parse) {
  const SteadyTime deadline = publisher_.Deadline(std::nullopt);
  results_.resize(count);
  std::vector<ItemPtr> items;
  for (std::size_t i = 0; i < count; ++i) {
    if (Status admitted = i == 0 ? Status() : publisher_.Admit(caller); !admitted.ok()) {
      SetResult(i, Fail(std::move(admitted.error())));
      continue;
    }
    auto item = Accept(caller, parse(i), i, deadline);
    if (item.ok()) {
      items.push_back(std::move(*item));
    } else {
      SetResult(i, Fail(std::move(item.error())));
    }
  }
  if (items.empty()) {
    return Complete();
  }
  waiting_.store(items.size(), std::memory_order_release);
  responder_->OnPeerGone([publisher = &publisher_, items] { publisher->Cancel(items); });
  publisher_.Submit(item_by_item_ ? Appender::OpenGroup() : nullptr, std::move(items));
}

Result<ItemPtr> RestCall::Accept(const Caller& caller, PublishRequest wanted, std::size_t index,
                                 SteadyTime deadline) {
  if (Status allowed = publisher_.Authorize(caller, wanted.kind); !allowed.ok()) {
    return Fail(std::move(allowed.error()));
  }
  return publisher_.Accept(caller, std::move(wanted),
                           batch_ ? FieldNames::RestBatch() : FieldNames::Rest(), deadline,
                           [self = shared_from_this(), index](Result<PublishResult> result) {
                             self->OnAnswer(index, std::move(result));
                           });
}

void RestCall::RunSegment(Audience& audience, const Caller& caller, PublishRequest wanted) {
  name_ = "NotifySegment";
  const Status allowed = audience.Authorize(caller, AudienceOp::kNotifySegment);
  if (!allowed.ok()) {
    return OnSegment(Fail(allowed.error()));
  }
  audience.Notify(caller, std::move(wanted), FieldNames::Rest(), publisher_.Deadline(std::nullopt),
                  [self = shared_from_this()](const Result<AudienceUpdated>& updated) {
                    self->OnSegment(updated);
                  });
}

void RestCall::OnSegment(const Result<AudienceUpdated>& updated) {
  publisher_.CountItem(Transport::kRest, updated);
  if (!updated.ok()) {
    return Refuse(updated.error());
  }
  const std::string duplicate = updated->duplicate ? "true" : "false";
  http::Response response =
      http::Json("{\"operationId\":\"" + std::to_string(updated->operation_id) +
                     "\",\"recipients\":" + std::to_string(updated->recipients) +
                     ",\"duplicate\":" + duplicate + "}",
                 202);
  if (updated->duplicate) {
    response.headers.emplace_back("Idempotent-Replayed", "true");
  }
  End(std::move(response), Code::kOk);
}

void RestCall::Refuse(http::Response response, Code code) { End(std::move(response), code); }

void RestCall::SetResult(std::size_t index, Result<PublishResult> result) {
  publisher_.CountItem(Transport::kRest, result);
  results_[index] = std::move(result);
}

void RestCall::OnAnswer(std::size_t index, Result<PublishResult> result) {
  SetResult(index, std::move(result));
  if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    Complete();
  }
}

void RestCall::Complete() {
  if (!item_by_item_) {
    const Result<PublishResult>& result = *results_.front();
    if (!result.ok()) {
      return Refuse(result.error());
    }
    // A suppressed one made nothing.
    http::Response response =
        http::Json(PublishResultJson(*result), result->suppressed ? 200 : 201);
    if (result->duplicate) {
      response.headers.emplace_back("Idempotent-Replayed", "true");
    }
    return End(std::move(response), Code::kOk);
  }
  std::string body = "{\"results\":[";
  for (const auto& result : results_) {
    if (body.back() != '[') {
      body += ',';
    }
    if ((*result).ok()) {
      body += PublishResultJson(**result);
    } else {
      body += "{\"error\":" + http::Problem((*result).error()).body + "}";
    }
  }
  body += "]}";
  End(http::Json(std::move(body)), Code::kOk);
}

void RestCall::End(http::Response response, Code code) {
  publisher_.metrics().CountCall(Transport::kRest, name_, code);
  if (caller_) {
    AddRateLimit(publisher_, *caller_, &response);
  }
  responder_->Send(std::move(response));
}

}  // namespace belfry::ingest
