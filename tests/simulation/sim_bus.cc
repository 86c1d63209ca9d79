// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_bus.h"

#include <algorithm>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"

namespace belfry::sim {
namespace {

constexpr std::size_t kRecordedMax = 200;

}  // namespace

SimBus::SimBus(Context& context)
    : context_(context),
      keys_(std::vector<wire::AnnounceKey>{{"sim", std::string(32, 'k')}}),
      last_ids_(context.plan.partitions) {}

std::size_t SimBus::Subscribe(BusListener& listener) {
  listeners_.push_back({&listener});
  return listeners_.size() - 1;
}

void SimBus::SetOutage(bool outage) {
  if (outage_ && !outage) {
    ++connects_;
  }
  outage_ = outage;
}

// Each listener's copies take their own time, and so overtake each other.
void SimBus::Spread(const Message& message) {
  const Plan& plan = context_.plan;
  const auto shared = std::make_shared<const Message>(message);
  for (const Subscribed& subscribed : listeners_) {
    if (plan.bus_dead || silent_ || subscribed.off) {
      context_.coverage.Add(Seen::kBusUnheard);
      continue;
    }
    int copies = 1;
    if (context_.random.Chance(plan.bus_lost)) {
      context_.coverage.Add(Seen::kBusLost);
      copies = 0;
    } else if (context_.random.Chance(plan.bus_repeated)) {
      context_.coverage.Add(Seen::kBusRepeated);
      copies = 2;
    }
    for (int copy = 0; copy < copies; ++copy) {
      context_.scheduler.After(context_.random.UpTo(plan.bus_max),
                               [shared, listener = subscribed.listener] {
                                 listener->OnMessage(shared->subject, shared->bytes);
                               });
    }
  }
}

void SimBus::Send(std::string subject, const std::string& bytes) {
  std::string sealed = wire::Seal(keys_.signing(), history_id_, subject, bytes);
  const Message message{std::move(subject), std::move(sealed)};
  if (hostile_) {
    Attack(message);
  }
  Spread(message);
  recorded_.push_back(message);
  if (recorded_.size() > kRecordedMax) {
    recorded_.pop_front();
  }
}

void SimBus::Attack(const Message& message) {
  const Message& old =
      recorded_.empty() ? message : recorded_[context_.random.Index(recorded_.size())];
  const auto attack = context_.random.Pick(0, 7);
  context_.coverage.Add(attack < 4 ? Seen::kBusForged : Seen::kBusReplayed);
  switch (attack) {
    case 0:
      return Spread(ForgedEntry(true));
    case 1:
      return Spread(ForgedEntry(false));
    case 2:
      return Spread(ForgedHead());
    case 3:
      return Spread(Changed(message));
    case 4: {
      const auto other = static_cast<Partition>(context_.random.Index(last_ids_.size()));
      return Spread(
          {context_.random.Chance(50) ? wire::LogSubject(other) : wire::HeadSubject(other),
           old.bytes});
    }
    default:
      return Spread(old);
  }
}

SimBus::Message SimBus::Forge(std::string subject, const std::string& bytes) const {
  std::string sealed =
      wire::Seal({keys_.signing().id, std::string(32, 'x')}, history_id_, subject, bytes);
  return {std::move(subject), std::move(sealed)};
}

// One that would fit: the next of its partition, sometimes with the greatest id that there is.
SimBus::Message SimBus::ForgedEntry(bool signed_too) {
  const auto partition = static_cast<Partition>(context_.random.Index(last_ids_.size()));
  Entry entry;
  entry.prev = last_ids_[partition];
  entry.id = context_.random.Chance(20) ? kEntryIdMax - 1 : entry.prev + 1;
  entry.kind = EntryKind::kNotification;
  entry.partition = partition;
  entry.project = kProjects[0];
  entry.user_id = "u1";
  entry.payload = std::string("forged");
  const EntryPtr forged = std::make_shared<const Entry>(std::move(entry));
  const std::string bytes = wire::EncodeBatch({&forged, 1}, 0);
  return signed_too ? Forge(wire::LogSubject(partition), bytes)
                    : Message{wire::LogSubject(partition), bytes};
}

// Four seconds ahead.
SimBus::Message SimBus::ForgedHead() {
  const auto partition = static_cast<Partition>(context_.random.Index(last_ids_.size()));
  const EntryId ahead = last_ids_[partition] + 4'000'000;
  return Forge(wire::HeadSubject(partition),
               wire::EncodeHead({partition, ahead, static_cast<std::int64_t>(ahead)}));
}

SimBus::Message SimBus::Changed(const Message& message) {
  Message changed = message;
  char& one = changed.bytes[context_.random.Index(changed.bytes.size())];
  one = static_cast<char>(one ^ (1 << context_.random.Pick(0, 7)));
  return changed;
}

Status SimBus::Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) {
  if (outage_ || context_.random.Chance(context_.plan.bus_refused)) {
    return Fail(Code::kUnavailable, "announce: not sent");
  }
  const Partition partition = entries.front()->partition;
  context_.trace.Step(
      "bus", "carries entries",
      {{"partition", partition}, {"first", entries.front()->id}, {"last", entries.back()->id}});
  Send(wire::LogSubject(partition), wire::EncodeBatch(entries, store_time_us));
  last_ids_[partition] = entries.back()->id;
  return {};
}

Status SimBus::AnnounceBody(EntryId broadcast_id, const Payload& body) {
  if (outage_ || context_.random.Chance(context_.plan.bus_refused)) {
    return Fail(Code::kUnavailable, "announce a body: not sent");
  }
  context_.trace.Step("bus", "carries a body", {{"broadcast", broadcast_id}});
  const std::string subject(wire::kBodySubject);
  if (hostile_) {
    Spread(Forge(subject, wire::EncodeBody({broadcast_id, Payload("forged")})));
  }
  Send(subject, wire::EncodeBody({broadcast_id, body}));
  return {};
}

Status SimBus::AnnounceHead(Partition partition, EntryId last_id, std::int64_t sent_us) {
  if (outage_) {
    return Fail(Code::kUnavailable, "announce a head: not connected");
  }
  Send(wire::HeadSubject(partition), wire::EncodeHead({partition, last_id, sent_us}));
  last_ids_[partition] = last_id;
  return {};
}

}  // namespace belfry::sim
