// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_ingest_node.h"

#include <utility>
#include <vector>

namespace belfry::sim {
namespace {

constexpr Millis kTick{10};

// As grpc/store_client.cc and grpc/append_request.cc carry it.
store::AppendItem ToItem(const ingest::ItemContent& content, bool fresh) {
  return {.kind = content.kind,
          .project = content.project,
          .user_id = content.user_id,
          .idempotency_key = content.idempotency_key,
          .idempotency_key_fresh = fresh && content.key_made,
          .content_hash = content.content_hash,
          .expires_us = content.expires_us,
          .payload = content.payload,
          .notification_kind = content.notification_kind};
}

ingest::AppendAnswer ToAnswer(Result<store::AppendResults> results) {
  if (!results.ok()) {
    return Fail(std::move(results.error()));
  }
  std::vector<Result<ingest::PublishResult>> answer;
  for (const Result<store::Appended>& result : *results) {
    if (result.ok()) {
      answer.emplace_back(ingest::PublishResult{result->id, result->created_us, result->duplicate,
                                                result->suppressed});
    } else {
      answer.emplace_back(Fail(result.error()));
    }
  }
  return answer;
}

}  // namespace

SimIngestNode::SimIngestNode(Context& context, std::string name, Network& network,
                             SimStoreNode& store)
    : context_(context), name_(std::move(name)), network_(network), store_(store) {}

void SimIngestNode::Start() {
  context_.trace.Step(name_, "starts");
  ingest::BatchLimits limits;
  limits.items_max = 4;
  process_ = std::make_unique<Process>(limits, context_.plan.seed + ++lives_);
  server_.up = true;
}

void SimIngestNode::Kill(Duration pause) {
  if (!up()) {
    return;
  }
  context_.trace.Step(name_, "dies");
  process_.reset();
  network_.Died(server_);
  context_.scheduler.After(pause, [this] {
    if (!up()) {
      Start();
    }
  });
}

void SimIngestNode::Notify(const CallerPtr& caller, const ingest::ItemContent& content, int group,
                           Network::Done<ingest::PublishResult> done) {
  ingest::OrderedGroupPtr order;
  if (group != 0) {
    order = process_->groups.try_emplace(group, ingest::Batcher::OpenGroup()).first->second;
  }
  auto item = std::make_shared<ingest::Item>(content, context_.scheduler.now(), caller->deadline,
                                             ingest::InFlight::Permit(), std::move(done));
  ingest::Actions actions;
  process_->batcher.Add(order, {item}, context_.scheduler.now(), &actions);
  Perform(actions);
}

void SimIngestNode::Perform(ingest::Actions& actions) {
  for (ingest::Actions::Send& send : actions.sends) {
    Send(send);
  }
  for (const std::uint64_t append : actions.cancels) {
    const auto cancel = process_->cancels.find(append);
    if (cancel != process_->cancels.end()) {
      context_.scheduler.After(Duration(0), process_->life, cancel->second);
    }
  }
  for (ingest::Actions::Answer& answer : actions.answers) {
    answer.on_answer(std::move(answer.result));
  }
  if (!process_->batcher.idle() && !std::exchange(process_->ticking, true)) {
    context_.scheduler.After(kTick, process_->life, [this] {
      process_->ticking = false;
      Tick();
    });
  }
}

void SimIngestNode::Tick() {
  ingest::Actions actions;
  process_->batcher.Tick(context_.scheduler.now(), &actions);
  Perform(actions);
}

void SimIngestNode::Send(ingest::Actions::Send& send) {
  std::vector<store::AppendItem> items;
  for (const ingest::ItemPtr& item : send.items) {
    items.push_back(ToItem(item->content, send.fresh));
  }
  context_.trace.Step(name_, "appends", {{"append", send.append_id}, {"items", items.size()}});
  process_->cancels[send.append_id] = network_.Call<store::AppendResults>(
      store_.server(), store_link_, process_->life, send.timeout,
      [this, items = std::move(items)](const CallerPtr& caller,
                                       Network::Done<store::AppendResults> done) {
        store_.Append(caller, items, std::move(done));
      },
      [this, append = send.append_id](Result<store::AppendResults> results) {
        process_->cancels.erase(append);
        ingest::Actions actions;
        process_->batcher.OnAppend(append, ToAnswer(std::move(results)), context_.scheduler.now(),
                                   &actions);
        Perform(actions);
      });
}

}  // namespace belfry::sim
