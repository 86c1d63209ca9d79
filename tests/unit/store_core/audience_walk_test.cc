// SPDX-License-Identifier: Apache-2.0
// Audiences at random against a plain model, with crashes at any point.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

// Random changes while operations run, crashes among them: each operation reaches exactly those who
// were members when it was accepted.
class Walks {
 public:
  explicit Walks(std::uint32_t seed) : random_(seed) {}

  std::string Run(int steps) {
    for (int i = 0; i < steps && wrong_.empty(); ++i) {
      Step();
    }
    Settle();
    return wrong_.empty() ? "" : wrong_ + "\n" + steps_.str();
  }

 private:
  struct Begun {
    std::set<std::string> recipients;
    std::string kind;
  };

  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }
  std::string AnyUser() { return "u" + std::to_string(Pick(0, 19)); }
  std::string AnySegment() { return std::string("s") + static_cast<char>('0' + Pick(0, 2)); }
  std::string AnyAttribute() { return "a:" + std::to_string(Pick(0, 1)); }
  void Wrong(const std::string& what) { wrong_ = wrong_.empty() ? what : wrong_; }

  void Step() {
    acme_.clock.Advance(std::chrono::milliseconds(Pick(0, 5)));
    if (Chance(8)) {
      acme_.log.next_commit = Chance(50) ? FakeEventLog::NextCommit::kFailsUnwritten
                                         : FakeEventLog::NextCommit::kFailsWritten;
    }
    const bool fails = acme_.log.next_commit != FakeEventLog::NextCommit::kWorks;
    const bool written = acme_.log.next_commit == FakeEventLog::NextCommit::kFailsWritten;
    const int op = Pick(1, 100);
    if (op <= 35) {
      steps_ << "step\n";
      static_cast<void>(acme_.sequencer->StepOperation());
    } else {
      Change(op, fails && !written);
    }
    acme_.log.next_commit = FakeEventLog::NextCommit::kWorks;
    if (fails || Chance(3)) {
      acme_.Restart();
    }
  }

  // `lost`: nothing of it is committed.
  void Change(int op, bool lost) {
    const std::string segment = AnySegment();
    Users users;
    for (int i = Pick(1, 6); i > 0; --i) {
      users.push_back(AnyUser());
    }
    if (op <= 55) {
      steps_ << "add to " << segment << "\n";
      std::ignore = acme_.Add(segment, users);
      if (!lost && segments_.contains(segment)) {
        segments_[segment].insert(users.begin(), users.end());
      }
    } else if (op <= 68) {
      steps_ << "remove from " << segment << "\n";
      std::ignore = acme_.Remove(segment, users);
      for (const std::string& user : users) {
        if (!lost && segments_.contains(segment)) {
          segments_[segment].erase(user);
        }
      }
    } else if (op <= 76) {
      const std::string attribute = AnyAttribute();
      steps_ << "put " << users[0] << " " << attribute << "\n";
      std::ignore = acme_.Put(users[0], {{"a", attribute.substr(2)}});
      if (!lost) {
        attributes_["a:0"].erase(users[0]);
        attributes_["a:1"].erase(users[0]);
        attributes_[attribute].insert(users[0]);
      }
    } else if (op <= 81) {
      steps_ << "create " << segment << "\n";
      std::ignore = acme_.Create(segment);
      if (!lost) {
        segments_.try_emplace(segment);
      }
    } else if (op <= 84) {
      steps_ << "delete " << segment << "\n";
      std::ignore = acme_.Delete(segment);
      if (!lost) {
        segments_.erase(segment);
      }
    } else if (op <= 87) {
      Erase(users[0], lost);
    } else {
      Notify(segment, users, lost);
    }
  }

  void Erase(const std::string& user, bool lost) {
    steps_ << "erase " << user << "\n";
    std::ignore = acme_.Erase(user);
    if (lost) {
      return;
    }
    for (auto& [name, members] : segments_) {
      members.erase(user);
    }
    for (auto& [name, members] : attributes_) {
      members.erase(user);
    }
    erased_.insert(user);
  }

  void Notify(const std::string& segment, const Users& users, bool lost) {
    const bool intersects = Chance(40);
    const std::string attribute = AnyAttribute();
    const std::string key = "k" + std::to_string(++keys_);
    steps_ << "notify " << segment << (intersects ? "," + attribute : "") << "\n";
    AppendItem item = Item("", key);
    item.notification_kind = key;
    std::vector<std::string> segments = {segment};
    if (intersects) {
      segments.insert(segments.begin(), attribute);
    }
    const AudienceUpdate update{
        .op = AudienceOp::kNotifySegment, .user_ids = {users[0]}, .segments = std::move(segments)};
    static_cast<void>(acme_.Update(update, item));
    if (lost || !segments_.contains(segment)) {
      return;
    }
    Begun begun{.recipients = segments_[segment], .kind = key};
    if (intersects) {
      std::erase_if(begun.recipients, [&](const std::string& user) {
        return !attributes_[attribute].contains(user);
      });
    }
    begun.recipients.erase(users[0]);
    begun_.push_back(std::move(begun));
  }

  void Settle() {
    acme_.RunOperations();
    std::map<std::string, std::map<std::string, int>> told;
    for (Partition partition = 0; partition < 2; ++partition) {
      for (const EntryPtr& entry : acme_.log.log(partition)) {
        if (entry->kind == EntryKind::kNotification) {
          ++told[entry->notification_kind][entry->user_id];
        }
      }
    }
    for (const Begun& begun : begun_) {
      for (const auto& [user, times] : told[begun.kind]) {
        if (times != 1 || !begun.recipients.contains(user)) {
          Wrong(begun.kind + ": " + user + " got it " + std::to_string(times) + " times");
        }
      }
      for (const std::string& user : begun.recipients) {
        // Who was erased at any time may have been so before or after their turn.
        if (!told[begun.kind].contains(user) && !erased_.contains(user)) {
          Wrong(begun.kind + ": " + user + " was left out");
        }
      }
    }
    std::size_t members = 0;
    for (const auto* all : {&segments_, &attributes_}) {
      for (const auto& [name, expected] : *all) {
        members += expected.size();
        const Users found = acme_.Members(name);
        if (std::set<std::string>(found.begin(), found.end()) != expected ||
            acme_.MembersOf(name) != expected.size()) {
          Wrong("the members of " + name + ": " + std::to_string(found.size()) + " and not " +
                std::to_string(expected.size()));
        }
      }
    }
    if (acme_.RowsOf(Table::kMembers) != members) {
      Wrong("rows of members that nobody needs: " +
            std::to_string(acme_.RowsOf(Table::kMembers) - members));
    }
  }

  std::mt19937 random_;
  Audience acme_;
  std::map<std::string, std::set<std::string>> segments_;
  std::map<std::string, std::set<std::string>> attributes_;
  std::set<std::string> erased_;
  std::vector<Begun> begun_;
  int keys_ = 0;
  std::ostringstream steps_;
  std::string wrong_;
};

TEST(Operation, ReachesExactlyItsMembersWhateverHappensMeanwhile) {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    ASSERT_EQ(Walks(seed).Run(200), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace belfry::store
