// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/announcer.h"

#include <algorithm>
#include <utility>

namespace belfry::store {
namespace {

// How often a bus that is not connected is checked.
constexpr std::chrono::milliseconds kCheckAgainEvery{50};

// About what an entry takes in a message, to which a broadcast's body does not belong.
std::size_t MessageBytes(const Entry& entry) {
  const std::size_t payload = entry.kind == EntryKind::kBroadcast ? 0 : entry.payload.size();
  return 80 + entry.project.size() + entry.user_id.size() + payload;
}

}  // namespace

AnnouncerMetrics AnnouncerMetrics::Make(Metrics& metrics) {
  const auto resumes = [&metrics](const char* cause) {
    return metrics.AddCounter("belfry_store_announce_resumes_total",
                              "How often announcing went on from the log, by cause",
                              {{"cause", cause}});
  };
  return {
      .announced =
          metrics.AddCounter("belfry_store_announced_entries_total", "Entries handed to NATS"),
      .failures = metrics.AddCounter("belfry_store_announce_failures_total",
                                     "Messages that NATS did not take"),
      .resumes_overflow = resumes("overflow"),
      .resumes_disconnected = resumes("disconnected"),
      .resumes_failed = resumes("failed"),
      .skipped = metrics.AddCounter("belfry_store_announce_skipped_total",
                                    "Times that entries were too old to be announced late"),
      .lag_entries = metrics.AddGauge("belfry_store_announce_waiting_entries",
                                      "Committed entries in memory that wait for NATS"),
      .committed_to_announced_seconds =
          metrics.AddLatencyHistogram("belfry_store_committed_to_announced_seconds",
                                      "From durable to handed to NATS, per entry"),
  };
}

Announcer::Announcer(const AnnouncerOptions& options, Bus& bus, FeedStore& store,
                     const Clock& clock, AnnouncerMetrics metrics, Log log)
    : options_(options),
      bus_(bus),
      store_(store),
      clock_(clock),
      metrics_(metrics),
      log_(std::move(log)),
      heads_due_(clock.Now()) {
  for (const PartitionPosition& head : store.Heads()) {
    committed_.push_back(head.last_id);
    progress_.push_back({.announced = head.last_id, .committed = head.last_id});
  }
}

void Announcer::OnCommitted(std::span<const EntryPtr> entries) {
  const SteadyTime now = clock_.Now();
  {
    const MutexLock lock(mutex_);
    for (const EntryPtr& entry : entries) {
      committed_[entry->partition] = entry->id;
      tail_bytes_ += EntryBytes(*entry);
      tail_.push_back({entry, now});
    }
    if (tail_.size() > options_.tail_entries_max || tail_bytes_ > options_.tail_bytes_max) {
      overflowed_ = true;
      tail_bytes_ = 0;
      tail_.clear();
    }
    caught_up_ = false;
  }
  changed_.NotifyOne();
}

std::deque<Announcer::Waiting> Announcer::TakeTail() {
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < progress_.size(); ++i) {
    progress_[i].committed = committed_[i];
    if (overflowed_ && progress_[i].committed > progress_[i].announced) {
      StartResume(progress_[i], metrics_.resumes_overflow);
    }
  }
  overflowed_ = false;
  tail_bytes_ = 0;
  return std::exchange(tail_, {});
}

bool Announcer::Step() {
  const std::deque<Waiting> tail = TakeTail();
  metrics_.lag_entries.Set(static_cast<double>(tail.size()));
  bodies_sent_.clear();
  if (!bus_.connected()) {
    for (const Waiting& waiting : tail) {
      StartResume(progress_[waiting.entry->partition], metrics_.resumes_disconnected);
    }
    heads_due_ = clock_.Now() + kCheckAgainEvery;
    return false;
  }
  if (!introduced_) {
    AnnounceHeads();
  }
  if (const std::uint64_t connects = bus_.connects(); connects != connects_) {
    connects_ = connects;
    heads_due_ = clock_.Now();
  }
  bool working = true;
  for (Partition p = 0; p < progress_.size() && working; ++p) {
    working = !progress_[p].resume || Resume(p, progress_[p]);
  }
  working = AnnounceTail(tail) && working;
  if (clock_.Now() >= heads_due_) {
    AnnounceHeads();
  }
  const bool resuming = Resuming();
  const MutexLock lock(mutex_);
  caught_up_ = tail_.empty() && !overflowed_ && !resuming;
  return working && !caught_up_;
}

void Announcer::StartResume(Progress& progress, const Counter& cause) {
  if (!progress.resume) {
    progress.resume = true;
    cause.Add();
  }
}

bool Announcer::Resume(Partition partition, Progress& progress) {
  const std::int64_t window_start =
      clock_.UnixMicros() -
      std::chrono::duration_cast<std::chrono::microseconds>(options_.resume_window).count();
  const EntryId oldest = window_start > 0 ? static_cast<EntryId>(window_start) : 0;
  if (progress.announced < oldest) {
    metrics_.skipped.Add();
    progress.announced = std::min(oldest, progress.committed);
  }
  for (std::size_t pages = 0; pages < options_.resume_pages_max; ++pages) {
    if (progress.announced >= progress.committed) {
      progress.resume = false;
      return true;
    }
    const auto page = store_.ReadLog(
        {.partition = partition, .after = progress.announced, .until = progress.committed});
    if (!page.ok() && page.error().code == Code::kOutOfRange) {
      progress.announced = progress.committed;  // the edges' reads will answer the same
      continue;
    }
    if (!page.ok()) {
      log_.Warn("cannot read the log to announce it",
                {{"partition", partition}, {"error", page.error()}});
      return false;
    }
    if (!Send(page->entries, progress)) {
      return false;
    }
    if (!page->more) {
      progress.announced = progress.committed;
    }
  }
  return true;
}

bool Announcer::AnnounceTail(const std::deque<Waiting>& tail) {
  std::vector<std::vector<EntryPtr>> by_partition(progress_.size());
  for (const Waiting& waiting : tail) {
    const Partition partition = waiting.entry->partition;
    const Progress& progress = progress_[partition];
    // A partition that resumes announces its entries from the log.
    if (!progress.resume && waiting.entry->id > progress.announced) {
      by_partition[partition].push_back(waiting.entry);
    }
  }
  bool working = true;
  for (Partition p = 0; p < progress_.size(); ++p) {
    if (by_partition[p].empty()) {
      continue;
    }
    if (!working || !Send(by_partition[p], progress_[p])) {
      working = false;
      StartResume(progress_[p], metrics_.resumes_failed);
    }
  }
  if (working && !tail.empty()) {
    const SteadyTime now = clock_.Now();
    for (const Waiting& waiting : tail) {
      metrics_.committed_to_announced_seconds.Observe(
          std::chrono::duration<double>(now - waiting.committed).count());
    }
  }
  return working;
}

bool Announcer::Send(std::span<const EntryPtr> entries, Progress& progress) {
  while (!entries.empty()) {
    std::size_t count = 1;
    std::size_t bytes = MessageBytes(*entries.front());
    while (count < entries.size()) {
      bytes += MessageBytes(*entries[count]);
      if (bytes > options_.message_bytes_max) {
        break;
      }
      ++count;
    }
    if (!SendBodies(entries.first(count)) ||
        !bus_.Announce(entries.first(count), clock_.ExpiryMicros()).ok()) {
      metrics_.failures.Add();
      return false;
    }
    metrics_.announced.Add(static_cast<double>(count));
    progress.announced = entries[count - 1]->id;
    entries = entries.subspan(count);
  }
  return true;
}

bool Announcer::SendBodies(std::span<const EntryPtr> entries) {
  for (const EntryPtr& entry : entries) {
    if (entry->kind != EntryKind::kBroadcast || bodies_sent_.contains(entry->broadcast_id)) {
      continue;
    }
    if (!bus_.AnnounceBody(entry->broadcast_id, entry->payload).ok()) {
      return false;
    }
    bodies_sent_.insert(entry->broadcast_id);
  }
  return true;
}

void Announcer::AnnounceHeads() {
  heads_due_ = clock_.Now() + options_.heads_every;
  introduced_ = true;
  heads_sent_us_ = std::max(heads_sent_us_ + 1, clock_.UnixMicros());
  for (Partition p = 0; p < progress_.size(); ++p) {
    const Progress& progress = progress_[p];
    const EntryId last_id = progress.resume ? progress.committed : progress.announced;
    if (!bus_.AnnounceHead(p, last_id, heads_sent_us_).ok()) {
      metrics_.failures.Add();
      return;
    }
  }
}

bool Announcer::Resuming() const {
  return std::any_of(progress_.begin(), progress_.end(),
                     [](const Progress& progress) { return progress.resume; });
}

void Announcer::Wait(Duration timeout) {
  const Duration until_heads = std::max(heads_due_ - clock_.Now(), Duration(0));
  const MutexLock lock(mutex_);
  changed_.WaitFor(mutex_, std::min(timeout, until_heads), [this]() BELFRY_REQUIRES(mutex_) {
    return !tail_.empty() || overflowed_ || woken_;
  });
  woken_ = false;
}

void Announcer::Wake() {
  {
    const MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.NotifyAll();
}

bool Announcer::caught_up() const {
  const MutexLock lock(mutex_);
  return caught_up_;
}

}  // namespace belfry::store
