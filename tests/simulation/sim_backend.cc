// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_backend.h"

#include <algorithm>

#include "libs/common/revocation.h"

namespace belfry::sim {
namespace {

constexpr int kKickPercent = 30;
constexpr int kWholeProjectPercent = 25;  // of the revocations
constexpr Millis kAgainAfterMax{300};

Seen SeenOf(const AccessOrder& order) {
  return order.op == AudienceOp::kCloseStreams ? Seen::kUserKicked
         : order.user_id.empty()               ? Seen::kProjectRevoked
                                               : Seen::kUserRevoked;
}

}  // namespace

SimBackend::SimBackend(Context& context, Network& network, SimStoreNode& store)
    : context_(context), network_(network), store_(store) {}

std::int64_t SimBackend::IssueToken(const std::string& project, const std::string& user_id) const {
  const std::int64_t now_s = SimClock::UnixMicrosAt(context_.scheduler.micros()) / 1'000'000;
  return std::max({now_s, ValidFrom(project, user_id), ValidFrom(project, {})});
}

std::int64_t SimBackend::ValidFrom(const std::string& project, const std::string& user_id) const {
  const auto found = valid_from_.find({project, user_id});
  return found == valid_from_.end() ? 0 : found->second;
}

std::vector<AccessOrder> SimBackend::orders() const {
  std::vector<AccessOrder> orders;
  for (const std::shared_ptr<AccessOrder>& order : orders_) {
    orders.push_back(*order);
  }
  return orders;
}

void SimBackend::OrderLater() {
  const Duration about = context_.plan.revoke_every;
  if (about == Duration(0)) {
    return;
  }
  context_.scheduler.After(context_.random.UpTo(about * 2), life_, [this] {
    if (!stopped_) {
      orders_.push_back(MakeOrder());
      Attempt(orders_.back());
      OrderLater();
    }
  });
}

std::shared_ptr<AccessOrder> SimBackend::MakeOrder() {
  Random& random = context_.random;
  auto order = std::make_shared<AccessOrder>();
  const bool kick = random.Chance(kKickPercent);
  order->op = kick ? AudienceOp::kCloseStreams : AudienceOp::kRevokeTokens;
  order->project = context_.plan.ProjectOf(random);
  if (kick || !random.Chance(kWholeProjectPercent)) {
    order->user_id = "u" + std::to_string(random.Pick(1, context_.plan.users));
  }
  order->asked_us = context_.scheduler.micros();
  return order;
}

void SimBackend::Attempt(const std::shared_ptr<AccessOrder>& order) {
  AudienceUpdate update{.op = order->op, .project = order->project};
  if (!order->user_id.empty()) {
    update.user_ids = {order->user_id};
  }
  context_.trace.Step(
      "backend", order->op == AudienceOp::kCloseStreams ? "closes streams" : "revokes tokens",
      {Trace::Text("project", order->project), Trace::Text("user", order->user_id)});
  network_.Call<store::AppendResults>(
      store_.server(), link_, life_, Millis(context_.random.Pick(100, 2'000)),
      [this, item = store::AudienceItem(update, {.kind = EntryKind::kUnspecified})](
          const CallerPtr& caller, Network::Done<store::AppendResults> done) {
        store_.Append(caller, {item}, std::move(done));
      },
      [this, order](const Result<store::AppendResults>& results) { OnAnswer(order, results); });
}

void SimBackend::OnAnswer(const std::shared_ptr<AccessOrder>& order,
                          const Result<store::AppendResults>& results) {
  if (results.ok() && results->front().ok() && results->front()->audience) {
    NoteAnswer(*order, *results->front()->audience);
    return;
  }
  context_.trace.Step("backend", "is not answered", {Trace::Text("user", order->user_id)});
  context_.coverage.Add(Seen::kOrderRepeated);
  context_.scheduler.After(context_.random.UpTo(kAgainAfterMax), life_,
                           [this, order] { Attempt(order); });
}

void SimBackend::NoteAnswer(AccessOrder& order, const AudienceUpdated& updated) {
  order.answered_us = context_.scheduler.micros();
  order.revoked_us = updated.revoked_us;
  context_.trace.Step("backend", "is answered",
                      {Trace::Text("project", order.project),
                       Trace::Text("user", order.user_id),
                       {"revoked", static_cast<std::uint64_t>(order.revoked_us)}});
  context_.coverage.Add(SeenOf(order));
  if (order.op == AudienceOp::kRevokeTokens) {
    std::int64_t& valid_from = valid_from_[{order.project, order.user_id}];
    valid_from = std::max(valid_from, TokensValidFrom(order.revoked_us));
  }
}

}  // namespace belfry::sim
