// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_edge_node.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "services/edge/follow/announced.h"
#include "tests/simulation/sim_edge_core.h"

namespace belfry::sim {
namespace {

constexpr Duration kThreadWakesMax = std::chrono::microseconds(200);
constexpr Millis kFollowerTick{40};
constexpr Millis kDrainLooksEvery{50};
constexpr Millis kLogTimeout{2'000};
constexpr Millis kHeadsTimeout{1'000};
constexpr Millis kRevocationsTimeout{1'000};
constexpr Millis kPulse{500};
constexpr std::size_t kAnnouncedWaitingMax = 40;

edge::StreamOptions StreamOptionsOf(const Plan& plan) {
  edge::StreamOptions options;
  options.per_user_max = plan.per_user_max;
  options.queue_bytes_max = plan.queue_bytes_max;
  options.held_bytes_max = plan.held_bytes_max;
  options.heartbeat = Millis(1'000);
  options.bookmark = Millis(2'000);
  options.stall_timeout = Millis(3'000);
  options.close_timeout = Millis(1'000);
  options.retry = Millis(200);
  options.catch_up_entries_max = plan.page_entries_max;
  return options;
}

edge::FollowerOptions FollowerOptionsOf(std::uint64_t seed) {
  edge::FollowerOptions options;
  options.fill_bytes_max = 1'000;  // a few entries: holes take several calls
  options.fills_max = 2;
  options.held_bytes_max = 8'000;
  options.bodies_bytes_max = 500;  // two or three
  options.batch_entries_max = 7;
  options.seed = seed;
  return options;
}

edge::RevocationOptions RevocationOptionsOf(const Plan& plan) {
  edge::RevocationOptions options;
  options.users_max = plan.revocations_max;
  options.keep_s = plan.revocations_kept.count();
  return options;
}

}  // namespace

SimEdgeNode::Process::Process(SimEdgeNode& owner, std::uint64_t seed)
    : node(owner),
      caps(owner.options_),
      revocations(RevocationOptionsOf(owner.context_.plan), owner.clock_),
      loader(*this, revocations, {}),
      follower(FollowerOptionsOf(seed), *this, owner.context_.instruments.follower, {}) {
  record->begun_us = owner.context_.scheduler.micros();
  for (int i = 0; i < owner.context_.plan.cores; ++i) {
    cores.push_back(
        std::make_unique<Core>(owner, caps, revocations, life, seed + static_cast<unsigned>(i)));
  }
}

void SimEdgeNode::Process::Started(Partition partitions) {
  for (const auto& core : cores) {
    core->Put([&core = *core, partitions] { core.streams().SetPartitions(partitions); });
  }
  loader.Want();
}

void SimEdgeNode::Process::Deliver(edge::BatchPtr batch) {
  node.context_.trace.Step(node.name_, batch->gap ? "delivers a gap" : "delivers",
                           {{"partition", batch->partition},
                            {"position", batch->position},
                            {"entries", batch->entries.size()}});
  loader.OnBatch(*batch);
  for (const auto& core : cores) {
    core->Put([&core = *core, batch] { core.streams().Deliver(*batch); });
  }
}

void SimEdgeNode::Process::ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) {
  node.context_.trace.Step(node.name_, "reads the log",
                           {{"partition", partition}, {"after", after}});
  node.network_.Call<edge::SentEntries>(
      node.store_.server(), node.store_link_, life, kLogTimeout,
      [&store = node.store_, partition, after, bytes_max](const CallerPtr&,
                                                          Network::Done<edge::SentEntries> done) {
        store.ReadLog(partition, after, bytes_max, std::move(done));
      },
      [this, partition](Result<edge::SentEntries> sent) {
        if (!sent.ok() && sent.error().code == Code::kDeadlineExceeded) {
          const std::int64_t now = node.context_.scheduler.micros();
          node.context_.silences.push_back(
              {"a log read never came", now - std::chrono::microseconds(kLogTimeout).count(), now});
        }
        node.PutToFollower(
            [this, partition, sent = std::move(sent)] {
              follower.OnLogRead(partition, sent, node.clock_.Now());
            },
            false);
      });
}

void SimEdgeNode::Process::ReadHeads() {
  node.network_.Call<edge::Heads>(
      node.store_.server(), node.store_link_, life, kHeadsTimeout,
      [&store = node.store_](const CallerPtr&, Network::Done<edge::Heads> done) {
        store.ReadHeads(std::move(done));
      },
      [this](Result<edge::Heads> heads) {
        node.PutToFollower(
            [this, heads = std::move(heads)] { follower.OnHeadsRead(heads, node.clock_.Now()); },
            false);
      });
}

void SimEdgeNode::Process::ReadRevocations(const std::string& after, OnRevocations done) {
  node.context_.trace.Step(node.name_, "reads what is revoked");
  node.network_.Call<AudiencePage>(
      node.store_.server(), node.store_link_, life, kRevocationsTimeout,
      [&store = node.store_, after](const CallerPtr&, Network::Done<AudiencePage> answer) {
        store.ReadRevocations(after, std::move(answer));
      },
      [this, done = std::move(done)](Result<AudiencePage> page) {
        if (!page.ok() || !page->next_after.empty()) {
          node.context_.coverage.Add(page.ok() ? Seen::kRevocationsPaged
                                               : Seen::kRevocationsUnread);
        }
        node.Post(Duration(0), [done, page = std::move(page)] { done(page); });
      });
}

SimEdgeNode::SimEdgeNode(Context& context, std::string name, Network& network, SimBus& bus,
                         SimStoreNode& store)
    : context_(context),
      name_(std::move(name)),
      network_(network),
      bus_(bus),
      store_(store),
      clock_(context.scheduler),
      options_(StreamOptionsOf(context.plan)) {}

SimEdgeNode::~SimEdgeNode() = default;

void SimEdgeNode::Start() {
  context_.trace.Step(name_, "starts");
  process_ = std::make_unique<Process>(*this, context_.plan.seed * 1'000 + 10 * ++lives_);
  TickFollower();
  Pulse();
}

void SimEdgeNode::Kill(Duration pause) {
  if (up()) {
    context_.trace.Step(name_, "dies");
    End(pause);
  }
}

void SimEdgeNode::End(Duration pause) {
  process_.reset();
  context_.scheduler.After(pause, [this] {
    if (!up()) {
      Start();
    }
  });
}

void SimEdgeNode::Drain(Millis window, Duration pause) {
  if (!up() || std::exchange(process_->draining, true)) {
    return;
  }
  context_.trace.Step(name_, "drains");
  process_->record->drains_us = context_.scheduler.micros();
  for (const auto& core : process_->cores) {
    core->Put([&core = *core, window] { core.streams().StartDrain(window); });
  }
  AwaitDrained(context_.scheduler.now() + window + Millis(2'000), pause);
}

void SimEdgeNode::AwaitDrained(SteadyTime deadline, Duration pause) {
  Post(kDrainLooksEvery, [this, deadline, pause] {
    if (streams() > 0 && context_.scheduler.now() < deadline) {
      AwaitDrained(deadline, pause);
      return;
    }
    context_.trace.Step(name_, "has stopped", {{"streams_left", streams()}});
    // What would be freed here is the caller's ground.
    context_.scheduler.After(Duration(0), process_->life, [this, pause] { End(pause); });
  });
}

void SimEdgeNode::Freeze(Duration time) {
  frozen_until_ = std::max(frozen_until_, context_.scheduler.now() + time);
}

std::size_t SimEdgeNode::streams() const {
  std::size_t open = 0;
  if (up()) {
    for (const auto& core : process_->cores) {
      open += core->streams().open();
    }
  }
  return open;
}

std::shared_ptr<const EdgeLife> SimEdgeNode::Accept(const StreamAsk& ask,
                                                    std::shared_ptr<SimConnection> connection) {
  if (!up() || process_->draining) {
    return nullptr;
  }
  process_->cores[context_.random.Index(process_->cores.size())]->Attach(ask,
                                                                         std::move(connection));
  return process_->record;
}

// As follow/follower_thread.cc.
void SimEdgeNode::OnMessage(const std::string& subject, const std::string& message) {
  if (!up()) {
    return;
  }
  auto read = edge::ReadAnnouncement(bus_.keys(), subject, message);
  if (const auto* refusal = std::get_if<edge::Refusal>(&read)) {
    context_.instruments.follower.refused[static_cast<std::size_t>(*refusal)].Add();
    return;
  }
  PutToFollower(
      [&follower = process_->follower, now = clock_.Now(),
       announced = std::get<edge::Announced>(std::move(read))] {
        const std::string& history = announced.history_id;
        if (const auto* body = std::get_if<edge::AnnouncedBody>(&announced.what)) {
          follower.OnAnnouncedBody(history, body->broadcast_id, body->body, now);
        } else if (const auto* entries = std::get_if<edge::AnnouncedEntries>(&announced.what)) {
          follower.OnAnnouncedEntries(history, entries->partition, entries->sent, now);
        } else {
          const auto& head = std::get<edge::AnnouncedHead>(announced.what);
          follower.OnAnnouncedHead(history, head.partition, head.last_id, head.sent_us, now);
        }
      },
      true);
}

void SimEdgeNode::Post(Duration delay, std::function<void()> work) {
  context_.scheduler.After(delay, process_->life, [this, work = std::move(work)]() mutable {
    if (context_.scheduler.now() < frozen_until_) {
      Post(frozen_until_ - context_.scheduler.now(), std::move(work));
    } else {
      work();
    }
  });
}

// As follow/follower_queue.h: announcements are bounded, answers are not.
void SimEdgeNode::PutToFollower(std::function<void()> work, bool announced) {
  Process& process = *process_;
  if (announced && process.announced == kAnnouncedWaitingMax) {
    process.overflowed = true;
    return;
  }
  process.announced += announced ? 1 : 0;
  process.queue.push_back(std::move(work));
  if (!std::exchange(process.following, true)) {
    Post(context_.random.UpTo(kThreadWakesMax), [this] { RunFollower(); });
  }
}

void SimEdgeNode::RunFollower() {
  Process& process = *process_;
  process.following = false;
  process.announced = 0;
  for (const auto& work : std::exchange(process.queue, {})) {
    work();
  }
  if (std::exchange(process.overflowed, false)) {
    process.follower.OnOverflow();
  }
}

void SimEdgeNode::TickFollower() {
  process_->follower.OnTick(clock_.Now());
  Post(kFollowerTick, [this] { TickFollower(); });
}

// As App::Pulse.
void SimEdgeNode::Pulse() {
  Process& process = *process_;
  if (process.loader.Poll()) {
    context_.coverage.Add(std::exchange(process.loaded, true) ? Seen::kRevocationsReloaded
                                                              : Seen::kRevocationsLoaded);
    for (const auto& core : process.cores) {
      core->Put(
          [&core = *core] { core.streams().CloseRevoked([](std::uint64_t) { return true; }); });
    }
  }
  if (process.revocations.size() >= context_.plan.revocations_max) {
    context_.coverage.Add(Seen::kRevocationsFull);
  }
  Post(kPulse, [this] { Pulse(); });
}

}  // namespace belfry::sim
