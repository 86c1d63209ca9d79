// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_producer.h"

#include <algorithm>
#include <utility>

namespace belfry::sim {
namespace {

constexpr int kAttemptsMax = 8;
constexpr Millis kExpiresMost{4'000};

// Answers after which nothing is stored of that attempt; see docs/guarantees.md, clause 2.
bool MeansNotStored(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

SimProducer::SimProducer(Context& context, int number, Network& network,
                         const std::vector<std::unique_ptr<SimIngestNode>>& ingests)
    : context_(context), number_(number), network_(network), ingests_(ingests) {}

void SimProducer::PublishLater() {
  const Duration about = context_.plan.publish_every;
  context_.scheduler.After(context_.random.UpTo(about * 2), [this] {
    if (!stopped_) {
      Publish();
      PublishLater();
    }
  });
}

std::shared_ptr<SimProducer::Wish> SimProducer::MakeWish() {
  auto wish = std::make_shared<Wish>();
  const std::string tag = "p" + std::to_string(number_) + "-" + std::to_string(++made_);
  const bool broadcast = context_.random.Chance(15);
  ingest::ItemContent& content = wish->content;
  content.kind = broadcast ? EntryKind::kBroadcast : EntryKind::kNotification;
  content.project = context_.plan.ProjectOf(context_.random);
  if (!broadcast) {
    content.user_id = "u" + std::to_string(context_.random.Pick(1, context_.plan.users));
  }
  content.idempotency_key = tag;
  content.key_made = context_.random.Chance(30);
  content.content_hash = (tag + std::string(32, '-')).substr(0, 32);  // as long as a SHA-256
  content.payload = tag;
  if (context_.random.Chance(context_.plan.expiring)) {
    wish->publish.expires_us =
        context_.scheduler.micros() + 1'000 * context_.random.Pick(10, kExpiresMost.count());
    content.expires_us = SimClock::UnixMicrosAt(wish->publish.expires_us);
  }
  if (context_.plan.change_every.count() > 0) {
    content.notification_kind = kKinds[context_.random.Index(kKinds.size())];
  }
  wish->group = context_.random.Chance(50) ? number_ : 0;
  wish->again = context_.random.Chance(10) ? 1 : 0;
  wish->publish.tag = tag;
  wish->publish.project = content.project;
  wish->publish.user_id = content.user_id;
  return wish;
}

void SimProducer::Publish() {
  auto wish = MakeWish();
  // Somebody's bug: another content under a key that is in use.
  if (!wishes_.empty() && context_.random.Chance(3)) {
    const Wish& other = *wishes_[context_.random.Index(wishes_.size())];
    if (!other.content.key_made) {
      wish->content.idempotency_key = other.content.idempotency_key;
      wish->content.key_made = false;
    }
  }
  wish->publish.asked_us = context_.scheduler.micros();
  wishes_.push_back(wish);
  Attempt(wish);
}

void SimProducer::Attempt(const std::shared_ptr<Wish>& wish) {
  SimIngestNode& ingest = *ingests_[context_.random.Index(ingests_.size())];
  if (++wish->attempts > 1) {
    context_.coverage.Add(Seen::kRetried);
  }
  context_.trace.Step("producer", "publishes",
                      {Trace::Text("tag", wish->publish.tag),
                       {"attempt", static_cast<std::uint64_t>(wish->attempts)}});
  network_.Call<ingest::PublishResult>(
      ingest.server(), link_, life_, Millis(context_.random.Pick(100, 2'000)),
      [&ingest, wish](const CallerPtr& caller, Network::Done<ingest::PublishResult> done) {
        ingest.Notify(caller, wish->content, wish->group, std::move(done));
      },
      [this, wish](const Result<ingest::PublishResult>& answer) { OnAnswer(wish, answer); });
}

void SimProducer::OnAnswer(const std::shared_ptr<Wish>& wish,
                           const Result<ingest::PublishResult>& answer) {
  test::Publish& publish = wish->publish;
  publish.answered_us = context_.scheduler.micros();
  context_.trace.Step("producer", answer.ok() ? "is acknowledged" : "is not acknowledged",
                      {Trace::Text("tag", publish.tag),
                       Trace::Text("code", CodeName(answer.ok() ? Code::kOk : answer.error().code)),
                       {"id", answer.ok() ? answer->id : 0}});
  if (answer.ok() && answer->suppressed) {
    context_.coverage.Add(Seen::kSuppressed);
    wish->refused = true;
    return;
  }
  if (answer.ok()) {
    publish.ids.push_back(answer->id);
    if (answer->duplicate) {
      context_.coverage.Add(Seen::kDuplicate);
    }
    if (!wish->content.key_made && wish->again-- > 0) {
      AttemptLater(wish);
    }
    return;
  }
  const Code code = answer.error().code;
  wish->unknown = wish->unknown || !MeansNotStored(code);
  wish->refused = wish->refused || MeansNotStored(code);
  if (answer.error().reason == "IDEMPOTENCY_KEY_REUSED") {
    context_.coverage.Add(Seen::kKeyReused);
    return;
  }
  // Without a key of its own it cannot ask again without risking a second one.
  if (!wish->content.key_made && wish->attempts < kAttemptsMax && publish.ids.empty()) {
    AttemptLater(wish);
  }
}

void SimProducer::AttemptLater(const std::shared_ptr<Wish>& wish) {
  const Duration most = Millis(100) * (1 << std::min(wish->attempts, 4));
  context_.scheduler.After(context_.random.UpTo(most), [this, wish] { Attempt(wish); });
}

std::vector<test::Publish> SimProducer::TakePublishes() {
  using Outcome = test::Publish::Outcome;
  std::vector<test::Publish> publishes;
  for (const std::shared_ptr<Wish>& wish : wishes_) {
    test::Publish& publish = wish->publish;
    const bool rejected = wish->refused && !wish->unknown;
    publish.outcome = !publish.ids.empty() ? Outcome::kAcknowledged
                      : rejected           ? Outcome::kRejected
                                           : Outcome::kUnknown;
    context_.coverage.Add(publish.outcome == Outcome::kAcknowledged ? Seen::kAcknowledged
                          : publish.outcome == Outcome::kRejected   ? Seen::kRejected
                                                                    : Seen::kUnknown);
    publishes.push_back(std::move(publish));
  }
  return publishes;
}

}  // namespace belfry::sim
