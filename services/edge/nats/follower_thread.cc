// SPDX-License-Identifier: Apache-2.0
#include "services/edge/nats/follower_thread.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "libs/wire/codec/log_codec.h"
#include "services/edge/nats/backlog.h"
#include "services/edge/nats/inbox.h"

namespace belfry::edge {
namespace {

constexpr std::chrono::milliseconds kTick{20};
// An announcement's size in memory is about twice that of its bytes.
constexpr std::size_t kDecodedFactor = 2;

class FollowerThreadImpl final : public FollowerThread, private FollowerPort {
 public:
  FollowerThreadImpl(const FollowerThreadOptions& options, LogSource& store, FollowerSinks sinks,
                     const Clock& clock, Metrics& metrics, Log log)
      : store_(store),
        sinks_(std::move(sinks)),
        clock_(clock),
        backlog_bytes_max_(options.backlog_bytes_max),
        inbox_(std::make_shared<Inbox>(options.queue_bytes_max)),
        backlog_bytes_(metrics.AddGauge("belfry_edge_backlog_bytes",
                                        "Delivered entries that cores have not taken yet.")),
        nats_connected_(metrics.AddGauge("belfry_edge_nats_connected",
                                         "1 while the connection to NATS stands.")),
        malformed_(metrics.AddCounter("belfry_edge_announcements_malformed_total",
                                      "NATS messages that are none of ours.")),
        overflows_(metrics.AddCounter("belfry_edge_announcements_dropped_total",
                                      "NATS messages that found the follower's queue full.")),
        created_to_received_(metrics.AddLatencyHistogram(
            "belfry_edge_created_to_received_seconds",
            "From an entry's creation in the store to its announcement's arrival here.")),
        follower_(options.follower, *this, FollowerMetrics::Make(metrics), std::move(log)),
        ticked_(clock.Now()) {}

  ~FollowerThreadImpl() override {
    stopping_ = true;
    inbox_->Close();
  }  // thread_ joins before subscriber_, which it asks, goes

  Status Begin(wire::NatsOptions options, const Log& log) {
    auto subscriber = wire::NatsSubscriber::Start(
        std::move(options), std::string(wire::kAllSubjects),
        [this](std::string_view subject, std::string_view bytes) { OnMessage(subject, bytes); },
        log);
    if (!subscriber.ok()) {
      return Fail(std::move(subscriber.error()));
    }
    subscriber_ = std::move(*subscriber);
    thread_ = std::jthread([this] { Run(); });
    return {};
  }

  Follower::State state() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  SteadyTime ticked() const override { return ticked_; }
  bool nats_connected() const override { return subscriber_->connected(); }

 private:
  // cnats' thread.
  void OnMessage(std::string_view subject, std::string_view bytes) {
    if (subject.starts_with(kHeads)) {
      Result<wire::Head> head = wire::DecodeHead(bytes);
      if (!head.ok()) {
        malformed_.Add();
        return;
      }
      Put(64, [this, head = *head](SteadyTime now) {
        follower_.OnDigest(head.partition, head.last_id, now);
      });
    } else if (subject.starts_with(kLogs)) {
      Result<std::vector<EntryPtr>> entries = wire::DecodeBatch(bytes);
      if (!entries.ok() || entries->empty() || !OfOnePartition(*entries)) {
        malformed_.Add();
        return;
      }
      ObserveHop(*entries);
      Put(bytes.size() * kDecodedFactor, [this, entries = std::move(*entries)](SteadyTime now) {
        follower_.OnAnnounced(entries.front()->partition, entries, now);
      });
    } else {
      malformed_.Add();
    }
  }

  template <typename Take>
  void Put(std::size_t bytes, Take take) {
    const SteadyTime received = clock_.Now();
    if (!inbox_->PutAnnounced(bytes, [take = std::move(take), received] { take(received); })) {
      overflows_.Add();
    }
  }

  static bool OfOnePartition(std::span<const EntryPtr> entries) {
    return std::all_of(entries.begin(), entries.end(), [&](const EntryPtr& entry) {
      return entry->partition == entries.front()->partition;
    });
  }

  void ObserveHop(std::span<const EntryPtr> entries) {
    const std::int64_t now_us = clock_.UnixMicros();
    for (const EntryPtr& entry : entries) {
      created_to_received_.Observe(static_cast<double>(now_us - entry->created_us) / 1e6);
    }
  }

  void Run() {
    SteadyTime tick_due = clock_.Now();
    while (!stopping_) {
      if (!backlog_->WaitForAtMost(backlog_bytes_max_, kTick)) {
        ticked_ = clock_.Now();
        continue;
      }
      const Inbox::Taken taken = inbox_->Take(kTick);
      for (const Inbox::Work& work : taken.work) {
        work();
      }
      if (taken.overflowed) {
        follower_.OnOverflow();
      }
      const SteadyTime now = clock_.Now();
      if (now >= tick_due) {
        tick_due = now + kTick;
        follower_.OnTick(now);
        Publish(follower_.state(now), now);
      }
    }
  }

  void Publish(Follower::State state, SteadyTime now) {
    ticked_ = now;
    nats_connected_.Set(subscriber_->connected() ? 1 : 0);
    backlog_bytes_.Set(static_cast<double>(backlog_->bytes()));
    const std::lock_guard lock(mutex_);
    state_ = state;
  }

  // FollowerPort, on the follower's thread. An answer that comes after our end is dropped with its
  // work: `this` is only touched by work.
  void Started(Partition partitions) override { sinks_.started(partitions); }
  void Deliver(BatchPtr batch) override {
    sinks_.deliver(Backlog::Count(backlog_, std::move(batch)));
  }
  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) override {
    store_.ReadLog(partition, after, bytes_max,
                   [this, inbox = inbox_, partition](Result<std::vector<EntryPtr>> entries) {
                     inbox->PutAnswer([this, partition, entries = std::move(entries)]() mutable {
                       follower_.OnFilled(partition, std::move(entries), clock_.Now());
                     });
                   });
  }
  void ReadHeads() override {
    store_.ReadHeads([this, inbox = inbox_](Result<Heads> heads) {
      inbox->PutAnswer([this, heads = std::move(heads)]() mutable {
        follower_.OnHeads(std::move(heads), clock_.Now());
      });
    });
  }

  // "belfry.v1.head." and "belfry.v1.log.".
  static constexpr std::string_view kHeads = wire::kHeadSubjects.substr(0, 15);
  static constexpr std::string_view kLogs = wire::kLogSubjects.substr(0, 14);
  static_assert(kHeads.ends_with("head.") && kLogs.ends_with("log."));

  LogSource& store_;
  const FollowerSinks sinks_;
  const Clock& clock_;
  const std::size_t backlog_bytes_max_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>();
  const Gauge backlog_bytes_;
  const Gauge nats_connected_;
  const Counter malformed_;
  const Counter overflows_;
  const Histogram created_to_received_;
  Follower follower_;  // the thread's only
  std::atomic<SteadyTime> ticked_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  Follower::State state_;  // guarded by mutex_
  std::unique_ptr<wire::NatsSubscriber> subscriber_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<FollowerThread>> FollowerThread::Start(FollowerThreadOptions options,
                                                              LogSource& store, FollowerSinks sinks,
                                                              const Clock& clock, Metrics& metrics,
                                                              Log log) {
  auto follower =
      std::make_unique<FollowerThreadImpl>(options, store, std::move(sinks), clock, metrics, log);
  if (Status begun = follower->Begin(std::move(options.nats), log); !begun.ok()) {
    return Fail(std::move(begun.error()));
  }
  return std::unique_ptr<FollowerThread>(std::move(follower));
}

}  // namespace belfry::edge
