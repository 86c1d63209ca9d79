// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/edge_follower/simulation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "tests/unit/edge_follower/fake_follower_port.h"

namespace belfry::edge {

using std::chrono::milliseconds;

namespace {
constexpr char kHistory[] = "one";
}

Simulation::Simulation(const SimulationPlan& plan) : plan_(plan), random_(plan.seed) {
  logs_.resize(plan.partitions);
  FollowerOptions options;
  options.seed = plan.seed;
  options.fill_bytes_max = 2'000;  // a few entries: holes take several pages
  options.held_bytes_max = 20'000;
  options.batch_entries_max = 7;
  follower_.emplace(options, *this, FollowerMetrics{}, belfry::Log{});
}

bool Simulation::Chance(int percent) { return Pick(0, 99) < percent; }

std::int64_t Simulation::Pick(std::int64_t from, std::int64_t to) {
  return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
}

std::int64_t Simulation::StoreTime(SteadyTime when) const {
  return 1 + std::chrono::duration_cast<std::chrono::microseconds>(when - start_).count();
}

void Simulation::At(SteadyTime when, Event event) { events_.emplace(when, std::move(event)); }

void Simulation::After(milliseconds most, Event event) {
  At(now_ + std::chrono::microseconds(Pick(0, most.count() * 1'000)), std::move(event));
}

std::optional<std::string> Simulation::Run() {
  const SteadyTime calm_from = start_ + plan_.run;
  const SteadyTime end = calm_from + plan_.settle;
  for (Log& log : logs_) {
    log.entries.push_back(MakeEntry(0, 1'000, static_cast<Partition>(&log - logs_.data())));
    log.committed[1'000] = now_;
  }
  for (; now_ < end && !offence_; now_ += milliseconds(5)) {
    calm_ = now_ >= calm_from;
    Step();
  }
  if (!offence_) {
    JudgeEnd();
  }
  return offence_;
}

void Simulation::Step() {
  while (!events_.empty() && events_.begin()->first <= now_) {
    const Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    event();
  }
  const auto tick = (now_ - start_) / milliseconds(5);
  if (tick % 4 == 0) {
    follower_->OnTick(now_);
  }
  if (tick % 100 == 0) {
    for (Partition i = 0; i < plan_.partitions; ++i) {
      AnnounceHead(i);
    }
  }
  if (calm_) {
    return;
  }
  Disturb();
  for (Partition i = 0; i < plan_.partitions; ++i) {
    if (Chance(8)) {
      Commit(i);
    }
  }
}

void Simulation::Disturb() {
  if (plan_.bus_outages && Pick(0, 799) == 0) {
    bus_down_until_ = now_ + milliseconds(Pick(200, 4'000));
  }
  if (plan_.store_outages && Pick(0, 799) == 0) {
    store_down_until_ = now_ + milliseconds(Pick(200, 4'000));
  }
  if (plan_.retention && Pick(0, 199) == 0) {
    Log& log = logs_[static_cast<std::size_t>(Pick(0, plan_.partitions - 1))];
    const auto keep = static_cast<std::size_t>(Pick(1, 20));
    if (log.entries.size() > keep) {
      log.entries.erase(log.entries.begin(), log.entries.end() - static_cast<std::ptrdiff_t>(keep));
      log.floor = log.entries.front()->prev;
    }
  }
  if (plan_.rewinds && Pick(0, 999) == 0) {
    Log& log = logs_[static_cast<std::size_t>(Pick(0, plan_.partitions - 1))];
    const auto lost = static_cast<std::size_t>(Pick(1, 5));
    if (log.entries.size() > lost + 1) {
      log.entries.resize(log.entries.size() - lost);
    }
  }
}

void Simulation::Commit(Partition partition) {
  Log& log = logs_[partition];
  std::vector<EntryPtr> entries;
  const auto now_us = static_cast<EntryId>(
      std::chrono::duration_cast<std::chrono::microseconds>(now_ - start_).count());
  const std::int64_t count = Pick(1, 4);
  for (std::int64_t i = 0; i < count; ++i) {
    const EntryId id = std::max(log.last() + 1, 1'000'000 + now_us);
    entries.push_back(MakeEntry(log.last(), id, partition));
    log.entries.push_back(entries.back());
    log.committed[id] = now_;
  }
  Announce(partition, std::move(entries));
}

void Simulation::OnBus(const Event& event) {
  if (plan_.bus_dead || now_ < bus_down_until_) {
    return;
  }
  const int copies = calm_ ? 1 : Chance(plan_.lose) ? 0 : Chance(plan_.repeat) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    After(plan_.delay_max, event);
  }
}

void Simulation::Announce(Partition partition, std::vector<EntryPtr> entries) {
  OnBus([this, partition, entries = std::move(entries), sent_at = StoreTime(now_)]() mutable {
    const std::optional<EntryId> position = follower_->position(partition);
    if (plan_.hide_holes && position && entries.front()->prev > *position) {
      auto forged = std::make_shared<Entry>(*entries.front());
      forged->prev = *position;
      entries.front() = std::move(forged);
    }
    follower_->OnAnnouncedEntries(kHistory, partition, Sent(entries, sent_at), now_);
  });
}

void Simulation::AnnounceHead(Partition partition) {
  OnBus([this, partition, last = logs_[partition].last(), sent_us = StoreTime(now_)] {
    follower_->OnAnnouncedHead(kHistory, partition, last, sent_us, now_);
  });
}

Result<SentEntries> Simulation::Read(Partition partition, EntryId after) {
  const Log& log = logs_[partition];
  if (now_ < store_down_until_ || (!calm_ && Chance(plan_.call_fails))) {
    return Fail(Code::kUnavailable, "read the log");
  }
  if (after < log.floor) {
    return Fail(Code::kOutOfRange, "read the log");
  }
  SentEntries page;
  page.store_time_us = StoreTime(now_);
  for (const EntryPtr& entry : log.entries) {
    if (entry->id > after && page.entries.size() < 5) {
      page.entries.push_back(entry);
    }
  }
  return page;
}

void Simulation::ReadLog(Partition partition, EntryId after, std::uint64_t) {
  // The store reads at one moment, its answer comes at a later one.
  After(plan_.call_max, [this, partition, after] {
    After(plan_.call_max, [this, partition, page = Read(partition, after)] {
      follower_->OnLogRead(partition, page, now_);
    });
  });
}

void Simulation::ReadHeads() {
  After(plan_.call_max, [this] {
    Result<Heads> answer = Heads{plan_.partitions, {}, kHistory, StoreTime(now_)};
    if (now_ < store_down_until_ || (!calm_ && Chance(plan_.call_fails))) {
      answer = Fail(Code::kUnavailable, "read heads");
    } else {
      for (Partition i = 0; i < plan_.partitions; ++i) {
        answer->heads.push_back({i, logs_[i].last(), logs_[i].floor});
      }
    }
    After(plan_.call_max, [this, answer] { follower_->OnHeadsRead(answer, now_); });
  });
}

void Simulation::Started(Partition partitions) {
  if (partitions != plan_.partitions) {
    Offend("started with " + std::to_string(partitions) + " partitions");
  }
}

void Simulation::Deliver(BatchPtr batch) {
  const bool has_entries = !batch->entries.empty();
  if (plan_.swallow_batches && has_entries && Pick(0, 49) == 0) {
    return;
  }
  Judge(*batch);
  if (plan_.deliver_repeats && has_entries && Pick(0, 49) == 0) {
    Judge(*batch);
  }
}

void Simulation::Offend(const std::string& what) {
  if (!offence_) {
    offence_ = "seed " + std::to_string(plan_.seed) + ": " + what;
  }
}

void Simulation::Judge(const Batch& batch) {
  Log& log = logs_[batch.partition];
  const std::string where = "partition " + std::to_string(batch.partition) + ": ";
  if (!log.started) {
    if (batch.gap || !batch.entries.empty()) {
      Offend(where + "the first batch does not only carry the position");
    }
    log.started = true;
    log.start = log.position = batch.position;
    return;
  }
  if (batch.gap) {
    ++gaps_;
    log.gaps.emplace_back(batch.position, now_);
    log.position = batch.position;
  }
  for (const EntryPtr& entry : batch.entries) {
    if (entry->prev > log.position) {
      Offend(where + "hole before " + std::to_string(entry->id));
    }
    if (entry->id <= log.position) {
      Offend(where + "repeat or disorder at " + std::to_string(entry->id));
    }
    // What the follower was handed may have been forged; what the store has is the truth.
    const auto truth = std::find_if(log.entries.begin(), log.entries.end(),
                                    [&](const EntryPtr& e) { return e->id == entry->id; });
    if (truth != log.entries.end() && (*truth)->prev != log.position) {
      Offend(where + "skipped what lies before " + std::to_string(entry->id));
    }
    log.position = entry->id;
    if (batch.store_time_us < StoreTime(log.committed[entry->id]) ||
        batch.store_time_us > StoreTime(now_)) {
      Offend(where + "not the time at which the store sent " + std::to_string(entry->id));
    }
    ++log.times[entry->id];
    ++delivered_;
    slowest_ = std::max(slowest_, now_ - log.committed[entry->id]);
  }
  // A store that lost its end had announced ids that it no longer has; they may be skipped.
  const bool passes = plan_.rewinds && batch.entries.empty() && batch.position > log.position;
  if (passes) {
    log.position = batch.position;
  } else if (batch.position != log.position) {
    Offend(where + "the position is not the last entry's");
  }
}

// Each entry that the store still has was delivered once, or a gap that came after its commit made
// the streams read it from the store.
void Simulation::JudgeEnd() {
  for (const Log& log : logs_) {
    if (log.position != log.last()) {
      Offend("not everything was applied in the end");
    }
    for (const EntryPtr& entry : log.entries) {
      const auto times = log.times.find(entry->id);
      const int delivered = times == log.times.end() ? 0 : times->second;
      const bool read = std::any_of(log.gaps.begin(), log.gaps.end(), [&](const auto& gap) {
        return gap.first >= entry->id && gap.second >= log.committed.at(entry->id);
      });
      if (delivered > 1) {
        Offend("entry " + std::to_string(entry->id) + " was delivered twice");
      }
      if (delivered == 0 && !read && entry->id > log.start) {
        Offend("entry " + std::to_string(entry->id) + " was never delivered");
      }
    }
  }
}

}  // namespace belfry::edge
