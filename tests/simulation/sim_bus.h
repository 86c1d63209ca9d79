// SPDX-License-Identifier: Apache-2.0
// A bus that loses, repeats, reorders, delays and is away; and on which, for a time, somebody
// hostile listens and speaks: who forges announcements, changes them, replays old ones and moves
// them to other subjects, but does not have the key. What it carries are the product's own bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "libs/wire/announce/announce_keys.h"
#include "services/store/core/bus.h"
#include "tests/simulation/context.h"

namespace belfry::sim {

// Whoever subscribes.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void OnMessage(const std::string& subject, const std::string& message) = 0;
};

class SimBus final : public store::Bus {
 public:
  explicit SimBus(Context& context);

  // `listener` must outlive it. Returns its number.
  std::size_t Subscribe(BusListener& listener);
  // The keys that store and edges share.
  const wire::AnnounceKeys& keys() const { return keys_; }
  // Which log the store announces from now on.
  void SetHistory(std::string history_id) { history_id_ = std::move(history_id); }

  // store::Bus, the announcer's.
  Status AnnounceBody(EntryId broadcast_id, const Payload& body) override;
  Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) override;
  Status AnnounceHead(Partition partition, EntryId last_id, std::int64_t sent_us) override;
  bool connected() const override { return !outage_; }
  std::uint64_t connects() const override { return connects_; }

  // The store is not connected, and knows it.
  void SetOutage(bool outage);
  // Nothing arrives, and the store does not know it.
  void SetSilence(bool silent) { silent_ = silent; }
  // One listener hears nothing.
  void SetOff(std::size_t listener, bool off) { listeners_[listener].off = off; }
  // Somebody hostile speaks too.
  void SetHostile(bool hostile) { hostile_ = hostile; }

 private:
  struct Subscribed {
    BusListener* listener;
    bool off = false;
  };
  struct Message {
    std::string subject;
    std::string bytes;
  };
  // The store's message on its way to every listener.
  void Send(std::string subject, const std::string& bytes);
  void Spread(const Message& message);
  // What the hostile one does when it hears `message`.
  void Attack(const Message& message);
  // As the store would sign it, had it another secret.
  Message Forge(std::string subject, const std::string& bytes) const;
  Message ForgedEntry(bool signed_too);
  Message ForgedHead();
  Message Changed(const Message& message);

  Context& context_;
  const wire::AnnounceKeys keys_;
  std::string history_id_ = "none";
  std::vector<Subscribed> listeners_;
  std::deque<Message> recorded_;   // by the hostile one
  std::vector<EntryId> last_ids_;  // by partition, as it has heard
  bool outage_ = false;
  bool silent_ = false;
  bool hostile_ = false;
  std::uint64_t connects_ = 1;
};

}  // namespace belfry::sim
