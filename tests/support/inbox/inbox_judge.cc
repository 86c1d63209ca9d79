// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/inbox_judge.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace belfry::test {
namespace {

// What is known of a position: the counts there, or that a change had no effect there.
struct Claim {
  EntryId at = 0;
  Counts counts;
  std::optional<StateChange> no_effect = {};
};

class UserJudge {
 public:
  UserJudge(const StoredLog& log, const InboxBooks& books, const std::string& user, bool known,
            std::vector<std::string>& faults)
      : log_(log),
        books_(books),
        user_(user),
        plain_(Cluster::kProject, user, known),
        faults_(faults) {}

  PlainInbox Judge() {
    IndexOperations();
    for (const auto& [user, counts] : books_.counts) {
      if (user == user_) {
        claims_.push_back({counts.up_to, counts});
      }
    }
    for (const ChangeAsked& asked : books_.changes) {
      if (asked.user == user_) {
        JudgeChange(asked);
      }
    }
    Walk();
    for (const ChangeAsked& asked : books_.changes) {
      if (asked.user == user_) {
        JudgeNotFound(asked);
      }
    }
    return std::move(plain_);
  }

 private:
  void Fault(const std::string& what) { faults_.push_back(user_ + ": " + what); }

  void IndexOperations() {
    const Stored* before = nullptr;  // the user's change before
    for (const Stored& entry : log_.entries) {
      if (entry.user_id != user_ || entry.change.op == StateOp::kUnspecified) {
        continue;
      }
      const std::string& operation = entry.change.operation;
      if (!operation.empty() && !operations_.insert_or_assign(operation, &entry).second &&
          before->change.operation == operation) {
        // Made again after an answer that was lost it may be, if it was undone meanwhile.
        Fault(operation + " was carried out twice, the second time at " + std::to_string(entry.id));
      }
      before = &entry;
    }
  }

  void JudgeChange(const ChangeAsked& asked) {
    const auto done = operations_.find(asked.change.operation);
    const std::string what = TextOf(asked.change);
    if (asked.status == 200) {
      if (!asked.counts) {
        return Fault(what + " was answered without counts");
      }
      claims_.push_back({asked.counts->up_to, *asked.counts});
      if (done == operations_.end()) {
        StateChange found = asked.change;
        std::erase_if(found.ids, [&](EntryId id) {
          return std::find(asked.not_found.begin(), asked.not_found.end(), id) !=
                 asked.not_found.end();
        });
        claims_.push_back({asked.counts->up_to, *asked.counts, std::move(found)});
      } else if (done->second->id > asked.counts->up_to) {
        Fault(what + " is at " + std::to_string(done->second->id) + " and was answered with " +
              TextOf(*asked.counts));
      }
    } else if (asked.status >= 400 && asked.status < 500 && done != operations_.end() &&
               !MayBeGoneSince(asked)) {
      Fault(what + " was refused and is stored at " + std::to_string(done->second->id));
    }
  }

  // Ingest asks the store again when an answer was lost, and finds nothing any more if the
  // notification went meanwhile. That it did go, JudgeNotFound sees.
  static bool MayBeGoneSince(const ChangeAsked& asked) {
    return asked.by == InboxApi::By::kApiKey && asked.status == 404;
  }

  void Walk() {
    std::sort(claims_.begin(), claims_.end(),
              [](const Claim& a, const Claim& b) { return a.at < b.at; });
    std::size_t next = 0;
    for (const Stored& entry : log_.entries) {
      for (; next < claims_.size() && claims_[next].at < entry.id; ++next) {
        JudgeClaim(claims_[next]);
      }
      const auto key = books_.collapse_keys.find(entry.tag);
      const std::string wrong =
          plain_.Take(entry, key == books_.collapse_keys.end() ? "" : key->second);
      if (!wrong.empty()) {
        Fault(wrong);
      }
    }
    for (; next < claims_.size(); ++next) {
      JudgeClaim(claims_[next]);
    }
  }

  void JudgeClaim(const Claim& claim) {
    if (claim.no_effect) {
      if (plain_.WouldChange(*claim.no_effect)) {
        Fault(TextOf(*claim.no_effect) + " was answered at " + std::to_string(claim.at) +
              " and is not in the log" + plain_.HistoryOf(claim.no_effect->ids));
      }
      return;
    }
    Counts right = plain_.counts();
    right.up_to = claim.at;
    if (right != claim.counts) {
      Fault("was answered " + TextOf(claim.counts) + " where a walk gives " + TextOf(right));
    }
  }

  // What is there in the end was there all the time.
  void JudgeNotFound(const ChangeAsked& asked) {
    std::vector<EntryId> missed = asked.not_found;
    if (asked.status == 404) {
      missed = asked.change.ids;
    }
    for (const EntryId id : missed) {
      const auto item = plain_.items().find(id);
      if (item != plain_.items().end() && !item->second.gone) {
        Fault(TextOf(asked.change) + " did not find " + std::to_string(id));
      }
    }
  }

  const StoredLog& log_;
  const InboxBooks& books_;
  const std::string& user_;
  PlainInbox plain_;
  std::vector<std::string>& faults_;
  std::map<std::string, const Stored*> operations_;
  std::vector<Claim> claims_;
};

}  // namespace

PlainInbox JudgeUser(const StoredLog& log, const InboxBooks& books, const std::string& user,
                     bool known, std::vector<std::string>& faults) {
  return UserJudge(log, books, user, known, faults).Judge();
}

void JudgePublishes(const std::vector<StoredLog>& logs, const InboxBooks& books,
                    std::vector<std::string>& faults) {
  std::map<std::string, std::set<EntryId>> stored;
  for (const StoredLog& log : logs) {
    for (const Stored& entry : log.entries) {
      if (!entry.tag.empty()) {
        stored[entry.tag].insert(entry.id);
      }
    }
  }
  for (const Publish& publish : books.publishes) {
    const std::set<EntryId>& ids = stored[publish.tag];
    const bool acknowledged = publish.outcome == Publish::Outcome::kAcknowledged;
    if (ids.size() > 1 || (acknowledged && !ids.contains(publish.ids.front())) ||
        (publish.outcome == Publish::Outcome::kRejected && !ids.empty())) {
      faults.push_back(ToString(publish) + " is stored " + std::to_string(ids.size()) + " times");
    }
  }
}

}  // namespace belfry::test
