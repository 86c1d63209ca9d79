// SPDX-License-Identifier: Apache-2.0
#include "services/edge/follow/follower_thread.h"

#include <atomic>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "libs/common/mutex.h"
#include "services/edge/follow/announced.h"
#include "services/edge/follow/backlog.h"
#include "services/edge/follow/follower_queue.h"

namespace belfry::edge {
namespace {

constexpr std::chrono::milliseconds kTick{20};
// An announcement's size in memory is about twice that of its bytes.
constexpr std::size_t kDecodedFactor = 2;
constexpr std::size_t kHeadBytes = 64;

}  // namespace

class FollowerThread::Impl final : private FollowerPort {
 public:
  Impl(const FollowerThreadOptions& options, std::unique_ptr<Announcements> announcements,
       AnnounceKeysPtr keys, LogSource& store, FollowerSinks sinks, const Clock& clock,
       Metrics& metrics, Log log)
      : store_(store),
        sinks_(std::move(sinks)),
        clock_(clock),
        backlog_bytes_max_(options.backlog_bytes_max),
        queue_(std::make_shared<FollowerQueue>(options.queue_bytes_max)),
        backlog_bytes_(metrics.AddGauge("belfry_edge_backlog_bytes",
                                        "Delivered entries that cores have not taken yet.")),
        nats_connected_(
            metrics.AddGauge("belfry_edge_nats_connected", "1 while connected to NATS.")),
        overflows_(metrics.AddCounter("belfry_edge_announcements_dropped_total",
                                      "Announcements that found the follower's queue full.")),
        created_to_received_(metrics.AddLatencyHistogram(
            "belfry_edge_created_to_received_seconds",
            "From an entry's creation in the store to its announcement's arrival here.")),
        follower_metrics_(FollowerMetrics::Make(metrics)),
        refusals_(follower_metrics_.refused, log),
        follower_(options.follower, *this, follower_metrics_, std::move(log)),
        ticked_(clock.Now()),
        keys_(std::move(keys)),
        announcements_(std::move(announcements)) {}

  ~Impl() override {
    stopping_ = true;
    queue_->Close();
  }  // thread_ joins before announcements_, which it uses, is destroyed

  Status Begin() {
    Status started =
        announcements_->Start([this](std::string_view subject, std::string_view message) {
          OnAnnouncement(subject, message);
        });
    if (!started.ok()) {
      return started;
    }
    thread_ = std::jthread([this] { Run(); });
    return {};
  }

  Follower::State state() const {
    const MutexLock lock(mutex_);
    return state_;
  }
  SteadyTime ticked() const { return ticked_; }
  bool announcements_connected() const { return announcements_->connected(); }
  std::string announcements_trouble() const { return announcements_->trouble(); }
  void SetKeys(AnnounceKeysPtr keys) {
    const MutexLock lock(mutex_);
    keys_ = std::move(keys);
  }

 private:
  AnnounceKeysPtr keys() const {
    const MutexLock lock(mutex_);
    return keys_;
  }

  // The announcements' thread.
  void OnAnnouncement(std::string_view subject, std::string_view message) {
    auto read = ReadAnnouncement(*keys(), subject, message);
    if (const auto* refusal = std::get_if<Refusal>(&read)) {
      refusals_.Note(*refusal, clock_.Now());
      return;
    }
    auto& announced = std::get<Announced>(read);
    std::visit(
        [&](auto& what) { Put(std::move(announced.history_id), std::move(what), message.size()); },
        announced.what);
  }

  void Put(std::string history_id, AnnouncedEntries announced, std::size_t bytes) {
    ObserveHop(announced.sent.entries);
    Put(bytes * kDecodedFactor, [this, history_id = std::move(history_id),
                                 announced = std::move(announced)](SteadyTime now) {
      follower_.OnAnnouncedEntries(history_id, announced.partition, announced.sent, now);
    });
  }

  void Put(std::string history_id, AnnouncedBody body, std::size_t bytes) {
    Put(bytes, [this, history_id = std::move(history_id), body = std::move(body)](SteadyTime now) {
      follower_.OnAnnouncedBody(history_id, body.broadcast_id, body.body, now);
    });
  }

  void Put(std::string history_id, const AnnouncedHead& head, std::size_t /*bytes*/) {
    Put(kHeadBytes, [this, history_id = std::move(history_id), head](SteadyTime now) {
      follower_.OnAnnouncedHead(history_id, head.partition, head.last_id, head.sent_us, now);
    });
  }

  template <typename Take>
  void Put(std::size_t bytes, Take take) {
    const SteadyTime received = clock_.Now();
    if (!queue_->PutAnnounced(bytes, [take = std::move(take), received] { take(received); })) {
      overflows_.Add();
    }
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
      const FollowerQueue::Taken taken = queue_->Take(kTick);
      for (const FollowerQueue::Work& work : taken.work) {
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
    nats_connected_.Set(announcements_->connected() ? 1 : 0);
    backlog_bytes_.Set(static_cast<double>(backlog_->bytes()));
    const MutexLock lock(mutex_);
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
                   [this, queue = queue_, partition](Result<SentEntries> sent) {
                     queue->PutAnswer([this, partition, sent = std::move(sent)]() mutable {
                       follower_.OnLogRead(partition, std::move(sent), clock_.Now());
                     });
                   });
  }
  void ReadHeads() override {
    store_.ReadHeads([this, queue = queue_](Result<Heads> heads) {
      queue->PutAnswer(
          [this, heads = std::move(heads)] { follower_.OnHeadsRead(heads, clock_.Now()); });
    });
  }

  LogSource& store_;
  const FollowerSinks sinks_;
  const Clock& clock_;
  const std::size_t backlog_bytes_max_;
  const std::shared_ptr<FollowerQueue> queue_;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>();
  const Gauge backlog_bytes_;
  const Gauge nats_connected_;
  const Counter overflows_;
  const Histogram created_to_received_;
  const FollowerMetrics follower_metrics_;
  Refusals refusals_;  // the announcements' thread only
  Follower follower_;  // the thread's only
  std::atomic<SteadyTime> ticked_;
  std::atomic<bool> stopping_ = false;
  mutable Mutex mutex_;
  Follower::State state_ BELFRY_GUARDED_BY(mutex_);
  AnnounceKeysPtr keys_ BELFRY_GUARDED_BY(mutex_);
  const std::unique_ptr<Announcements> announcements_;
  std::jthread thread_;
};

FollowerThread::FollowerThread(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FollowerThread::~FollowerThread() = default;

Result<std::unique_ptr<FollowerThread>> FollowerThread::Start(
    FollowerThreadOptions options, std::unique_ptr<Announcements> announcements,
    AnnounceKeysPtr keys, LogSource& store, FollowerSinks sinks, const Clock& clock,
    Metrics& metrics, Log log) {
  auto impl = std::make_unique<Impl>(options, std::move(announcements), std::move(keys), store,
                                     std::move(sinks), clock, metrics, std::move(log));
  if (Status begun = impl->Begin(); !begun.ok()) {
    return Fail(std::move(begun.error()));
  }
  return std::unique_ptr<FollowerThread>(new FollowerThread(std::move(impl)));
}

Follower::State FollowerThread::state() const { return impl_->state(); }
SteadyTime FollowerThread::ticked() const { return impl_->ticked(); }
void FollowerThread::SetKeys(AnnounceKeysPtr keys) { impl_->SetKeys(std::move(keys)); }
bool FollowerThread::announcements_connected() const { return impl_->announcements_connected(); }
std::string FollowerThread::announcements_trouble() const { return impl_->announcements_trouble(); }

}  // namespace belfry::edge
