// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_call.h"

#include <string>
#include <utility>

#include "services/ingest/rest/json_ask.h"

namespace belfry::ingest {

void RestCall::Run(const Caller& caller, std::vector<Ask> asks) {
  const SteadyTime deadline = publisher_.Deadline(std::nullopt);
  const FieldNames names = batch_ ? FieldNames::RestBatch() : FieldNames::Rest();
  results_.resize(asks.size());
  std::vector<ItemPtr> items;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (const Status allowed = publisher_.Authorize(caller, asks[i].kind); !allowed.ok()) {
      publisher_.metrics().CountItem(Transport::kRest, allowed.error().code);
      results_[i] = Fail(allowed.error());
      continue;
    }
    auto item = publisher_.Accept(caller, std::move(asks[i]), Transport::kRest, names, deadline,
                                  [self = shared_from_this(), i](Result<Appended> result) {
                                    self->OnAnswer(i, std::move(result));
                                  });
    if (item.ok()) {
      items.push_back(std::move(*item));
    } else {
      results_[i] = Fail(std::move(item.error()));
    }
  }
  if (items.empty()) return Complete();
  waiting_.store(items.size(), std::memory_order_release);
  responder_->OnPeerGone([publisher = &publisher_, items] { publisher->Cancel(items); });
  publisher_.Submit(batch_ ? Appender::OpenLane() : nullptr, std::move(items));
}

void RestCall::Refuse(http::Response response, Code code) { End(std::move(response), code); }

void RestCall::OnAnswer(std::size_t index, Result<Appended> result) {
  results_[index] = std::move(result);
  if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) Complete();
}

void RestCall::Complete() {
  if (!batch_) {
    const Result<Appended>& result = *results_.front();
    if (!result.ok()) return Refuse(result.error());
    return End(http::Json(AppendedJson(*result), 201), Code::kOk);
  }
  std::string body = "{\"results\":[";
  for (const auto& result : results_) {
    if (body.back() != '[') body += ',';
    if ((*result).ok()) {
      body += AppendedJson(**result);
    } else {
      body += "{\"error\":" + http::Problem((*result).error()).body + "}";
    }
  }
  body += "]}";
  End(http::Json(std::move(body)), Code::kOk);
}

void RestCall::End(http::Response response, Code code) {
  publisher_.metrics().CountCall(Transport::kRest, batch_ ? "NotifyBatch" : "Notify", code);
  responder_->Send(std::move(response));
}

}  // namespace belfry::ingest
