// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_store_node.h"

#include <algorithm>
#include <utility>

#include "libs/common/check.h"
#include "services/store/core/key_codec.h"
#include "tests/simulation/sim_store_process.h"

namespace belfry::sim {
namespace {

constexpr Millis kAnnouncerLooksEvery{50};
constexpr Millis kRetentionEvery{1'000};
constexpr std::uint32_t kRetentionStepMax = 10;
constexpr Millis kExpiryEvery{300};
constexpr std::size_t kExpiredAtOnceMax = 12;
constexpr Millis kProbeEvery{5'000};
constexpr Duration kThreadWakesMax = std::chrono::microseconds(300);
constexpr std::uint64_t kPlenty = 1'000'000;

store::SequencerOptions SequencerOptionsOf() {
  store::SequencerOptions options;
  options.queue.items_max = 16;
  options.round_items_max = 16;
  options.commit_bytes_max = 2'000;  // so that rounds are cut
  options.users_cached_max = 2;
  options.projects_cached_max = 1;
  return options;
}

store::AnnouncerOptions AnnouncerOptionsOf() {
  store::AnnouncerOptions options;
  options.tail_entries_max = 24;
  options.message_bytes_max = 600;
  options.resume_window = Millis(4'000);
  options.resume_pages_max = 2;
  return options;
}

}  // namespace

SimStoreNode::Process::Process(SimStoreNode& owner)
    : node(owner),
      clock({}, owner.clock_, Gauge(), Log()),
      log(owner.context_, owner.rows_, owner.past_, owner.high_water_, clock),
      announcer(AnnouncerOptionsOf(), owner.bus_, log, clock, owner.context_.instruments.announcer,
                {}) {
  clock.Begin(std::nullopt);
  auto made = store::Sequencer::Make(SequencerOptionsOf(), log, *this, owner.disk_, clock,
                                     [this](const Error&) { node.AfterFailure(); },
                                     owner.context_.instruments.sequencer, {});
  BELFRY_CHECK(made.ok());
  sequencer = std::move(*made);
  store::RetentionOptions options;
  options.window = owner.context_.plan.retention_window;
  options.step_entries_max = kRetentionStepMax;
  if (options.window.count() > 0) {
    retention.emplace(options, *sequencer, log, clock, Counter(), Log());
    retention_due = owner.context_.scheduler.now() + kRetentionEvery;
  }
}

void SimStoreNode::Process::OnCommitted(std::span<const EntryPtr> entries) {
  if (log.commit_ends()) {
    committed.insert(committed.end(), entries.begin(), entries.end());
  } else {
    announcer.OnCommitted(entries);
    node.WakeAnnouncer(Duration(0));
  }
}

SimStoreNode::SimStoreNode(Context& context, Network& network, SimBus& bus)
    : context_(context), network_(network), bus_(bus), clock_(context.scheduler) {
  const Partition partitions = context.plan.partitions;
  rows_ = test::MemoryTables(partitions);
  losses_.resize(partitions);
  floors_.resize(partitions);
  high_water_.resize(partitions);
  static_cast<void>(disk_.Update(kPlenty));
}

SimStoreNode::~SimStoreNode() = default;

void SimStoreNode::Start() {
  context_.trace.Step("store", "starts");
  // A machine sets its clock before its services start; for how long a key is kept depends on it.
  clock_.Correct();
  process_ = std::make_unique<Process>(*this);
  bus_.SetHistory(process_->log.history_id());
  for (std::size_t p = 0; p < losses_.size(); ++p) {
    losses_[p].insert(losses_[p].end(), rows_.lost[p].begin(), rows_.lost[p].end());
  }
  server_.up = true;
  WakeSequencer();
  WakeAnnouncer(Duration(0));
}

void SimStoreNode::End(Ending ending, Duration pause) {
  if (!up()) {
    return;
  }
  context_.trace.Step("store", ending == Ending::kPowerCut ? "loses its power"
                               : ending == Ending::kKilled ? "dies"
                                                           : "has stopped");
  if (ending != Ending::kInOrder && !process_->announcer.caught_up()) {
    context_.coverage.Add(Seen::kCommitUnannounced);
  }
  process_->log.End(ending);
  NoteJoins();
  process_.reset();
  network_.Died(server_);
  for (std::size_t p = 0; p < high_water_.size(); ++p) {
    high_water_[p] = std::max(high_water_[p], rows_.positions[p].last_id);
    floors_[p] = FloorOf(static_cast<Partition>(p));
  }
  context_.scheduler.After(pause, [this] {
    if (!up()) {
      Start();
    }
  });
}

void SimStoreNode::StopInOrder(Duration pause) {
  if (!up() || process_->stopping) {
    return;
  }
  context_.trace.Step("store", "is to stop");
  process_->stopping = true;
  process_->sequencer->Close();
  Post(Millis(context_.random.Pick(5, 50)), [this, pause] {
    // The commit under way, the queue, the announcer's last words.
    if (process_->log.commit_ends()) {
      process_->log.Finish();
      AfterCommit();
    }
    while (!process_->sequencer->failed() && process_->sequencer->Round()) {
      if (process_->log.commit_ends()) {
        process_->log.Finish();
      }
      AfterCommit();
    }
    for (int step = 0; step < 20 && process_->announcer.Step(); ++step) {
    }
    End(Ending::kInOrder, pause);
  });
}

void SimStoreNode::Freeze(Duration time) {
  frozen_until_ = std::max(frozen_until_, context_.scheduler.now() + time);
}

void SimStoreNode::FailNextSync() {
  if (up()) {
    process_->log.FailNextSync();
  }
}

void SimStoreNode::SetDiskLow(bool low) { static_cast<void>(disk_.Update(low ? 0 : kPlenty)); }

std::vector<store::LostInterval> SimStoreNode::LossesOf(Partition partition) const {
  std::vector<store::LostInterval> losses = losses_[partition];
  std::sort(losses.begin(), losses.end(), [](const auto& a, const auto& b) {
    return std::pair(a.from, a.to) < std::pair(b.from, b.to);
  });
  losses.erase(std::unique(losses.begin(), losses.end()), losses.end());
  return losses;
}

void SimStoreNode::NoteJoins() {
  for (const auto& [key, value] : rows_.rows) {
    if (key.first != store::Table::kUsers) {
      continue;
    }
    const auto names = store::ParseUsersKey(key.second);
    const auto user = store::DecodeUserRecord(value);
    joins_.emplace(names->project, names->user_id, user->joined);
  }
}

std::vector<test::Joined> SimStoreNode::Joins() {
  NoteJoins();
  std::vector<test::Joined> joins;
  for (const auto& [project, user_id, id] : joins_) {
    joins.push_back({project, user_id, id});
  }
  return joins;
}

bool SimStoreNode::history_gone() const {
  for (std::size_t p = 0; p < rows_.positions.size(); ++p) {
    if (rows_.positions[p].floor > 0 || !rows_.lost[p].empty()) {
      return true;
    }
  }
  return false;
}

bool SimStoreNode::Restore(Duration pause) {
  if (!snapshot_) {
    return false;
  }
  End(Ending::kKilled, pause);
  context_.trace.Step("store", "is put back to an older state of its disk");
  for (std::size_t p = 0; p < rows_.logs.size(); ++p) {
    for (const auto& [id, entry] : rows_.logs[p]) {
      if (!snapshot_->logs[p].contains(id)) {
        past_.lost[p].emplace(id, entry);
      }
    }
  }
  for (EdgeOnlyEntry& logged : past_.for_edges) {
    const EntryId last_id = snapshot_->positions[logged.entry->partition].last_id;
    if (logged.entry->id > last_id && !logged.lost_us) {
      logged.lost_us = context_.scheduler.micros();
    }
  }
  rows_ = *snapshot_;
  return true;
}

void SimStoreNode::Post(Duration delay, std::function<void()> work) {
  context_.scheduler.After(delay, process_->life, [this, work = std::move(work)]() mutable {
    if (context_.scheduler.now() < frozen_until_) {
      Post(frozen_until_ - context_.scheduler.now(), std::move(work));
    } else {
      work();
    }
  });
}

void SimStoreNode::WakeSequencer() {
  if (!std::exchange(process_->sequencing, true)) {
    Post(context_.random.UpTo(kThreadWakesMax), [this] { RunSequencer(); });
  }
}

// As SequencerThread::Run.
void SimStoreNode::RunSequencer() {
  Process& process = *process_;
  process.sequencing = false;
  if (process.log.commit_ends() || process.stopping) {
    return;  // the thread is in its commit, and goes on afterwards
  }
  process.clock.Tick();  // as Maintenance does
  const bool worked = process.sequencer->Round();
  const SteadyTime now = context_.scheduler.now();
  if (!process.log.commit_ends() && !process.sequencer->failed()) {
    if (now >= process.expiry_due) {
      const auto more = process.sequencer->Expire(kExpiredAtOnceMax);
      process.expiry_due = more.ok() && *more ? now : now + kExpiryEvery;
    } else if (process.retention && now >= process.retention_due) {
      const bool more = process.retention->Step();
      process.retention_due = more ? now : now + kRetentionEvery;
      if (more) {
        context_.coverage.Add(Seen::kRetired);
      }
    } else if (!worked && now - process.sequencer->last_commit() >= kProbeEvery) {
      static_cast<void>(process.sequencer->Probe());
    }
  }
  if (process.log.commit_ends()) {
    const Duration left = *process.log.commit_ends() - now;
    Post(left, [this] {
      process_->log.Finish();
      AfterCommit();
      WakeSequencer();
    });
  } else if (worked) {
    AfterCommit();
    WakeSequencer();
  } else {
    const SteadyTime due = std::min({process.retention_due, process.expiry_due,
                                     process.sequencer->last_commit() + kProbeEvery});
    Post(std::max<Duration>(due - now, Millis(1)), [this, number = ++process.idling] {
      if (number == process_->idling) {
        WakeSequencer();
      }
    });
  }
}

// What waited for the commit's end, in the order in which the sequencer said it.
void SimStoreNode::AfterCommit() {
  Process& process = *process_;
  if (!process.committed.empty()) {
    process.announcer.OnCommitted(std::exchange(process.committed, {}));
    WakeAnnouncer(context_.random.UpTo(kThreadWakesMax));
  }
  for (const auto& answer : std::exchange(process.answers, {})) {
    answer();
  }
}

void SimStoreNode::WakeAnnouncer(Duration delay) {
  const std::uint64_t number = ++process_->announcing;
  Post(delay, [this, number] {
    if (number == process_->announcing) {
      RunAnnouncer();
    }
  });
}

// As AnnouncerThread::Run.
void SimStoreNode::RunAnnouncer() {
  const SteadyTime now = context_.scheduler.now();
  if (now < announcer_stalled_until_) {
    WakeAnnouncer(announcer_stalled_until_ - now);
    return;
  }
  const bool more = process_->announcer.Step();
  WakeAnnouncer(more ? context_.random.UpTo(kThreadWakesMax) : Duration(kAnnouncerLooksEvery));
}

// Once the commit has failed, the process ends as soon as main.cc notices.
void SimStoreNode::AfterFailure() {
  const Duration left = *process_->log.commit_ends() - context_.scheduler.now();
  Post(left + Millis(context_.random.Pick(1, 100)),
       [this] { End(Ending::kKilled, Millis(context_.random.Pick(100, 1'000))); });
}

}  // namespace belfry::sim
