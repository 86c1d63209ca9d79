// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/access_rules.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "libs/common/revocation.h"

namespace belfry::sim {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
// By so much the clocks of the store and of whoever issues tokens may differ, rounding included.
constexpr std::int64_t kClocksDifferMax_s = 2;

std::string At(std::int64_t us) { return std::to_string(us / 1000) + " ms"; }

std::string Name(const AccessOrder& order) {
  return std::string(order.op == AudienceOp::kCloseStreams ? "kick" : "revocation") + " of " +
         order.project + "/" + (order.user_id.empty() ? "all" : order.user_id) + ", asked for at " +
         At(order.asked_us) +
         (order.answered_us ? " and acknowledged at " + At(*order.answered_us) : "");
}

std::string Name(const StreamRecord& stream) {
  return stream.client + "'s stream of " + At(stream.opened_us) + " with a token of " +
         std::to_string(stream.issued_s);
}

// Does what was asked of `project` and `user_id` concern the stream?
bool Concerns(const std::string& project, const std::string& user_id, const StreamRecord& stream) {
  return project == stream.project && (user_id.empty() || user_id == stream.user_id);
}

bool IsVoid(const StreamRecord& stream, const AccessOrder& order) {
  const std::int64_t asked_s = SimClock::UnixMicrosAt(order.asked_us) / 1'000'000;
  return stream.issued_s < TokensValidFrom(order.revoked_us) ||
         stream.issued_s + kClocksDifferMax_s <= asked_s;
}

class Judge {
 public:
  explicit Judge(const AccessEvidence& evidence) : evidence_(evidence) {}

  AccessVerdict Run() {
    for (const AccessOrder& order : evidence_.orders) {
      if (order.answered_us) {
        JudgeOrder(order);
      }
    }
    for (const StreamRecord& stream : evidence_.streams) {
      if (stream.bye == "revoked") {
        JudgeRevoked(stream);
      } else if (stream.bye == "draining") {
        JudgeDraining(stream);
      }
    }
    return std::move(verdict_);
  }

 private:
  void JudgeOrder(const AccessOrder& order) {
    Count(AccessRule::kDurable);
    const EdgeOnlyEntry* logged = Find(order);
    if (logged == nullptr) {
      return Complain(AccessRule::kDurable, Name(order) + ", is not in the log");
    }
    const std::int64_t lost_us = logged->lost_us.value_or(kNever);
    for (const StreamRecord& stream : evidence_.streams) {
      if (!Concerns(order.project, order.user_id, stream)) {
        continue;
      }
      if (order.op == AudienceOp::kCloseStreams) {
        JudgeKicked(order, stream);
      } else if (IsVoid(stream, order)) {
        JudgeVoid(order, lost_us, stream);
      } else if (stream.connected_us && stream.opened_us > *order.answered_us) {
        Count(AccessRule::kGoodStays);
      }
    }
  }

  // The entry that an attempt of it made; null if there is none.
  const EdgeOnlyEntry* Find(const AccessOrder& order) const {
    const bool kick = order.op == AudienceOp::kCloseStreams;
    const auto is_its = [&](const EdgeOnlyEntry& logged) {
      const Entry& entry = *logged.entry;
      return entry.kind == (kick ? EntryKind::kKicked : EntryKind::kRevoked) &&
             entry.project == order.project && entry.user_id == order.user_id &&
             (kick || entry.created_us == order.revoked_us) && logged.at_us >= order.asked_us &&
             logged.at_us <= *order.answered_us;
    };
    const auto last = std::find_if(evidence_.logged.rbegin(), evidence_.logged.rend(), is_its);
    return last == evidence_.logged.rend() ? nullptr : &*last;
  }

  // From a moment on there may be no such stream, until an older state of the store is put back
  // that knows nothing of it.
  void JudgeVoid(const AccessOrder& order, std::int64_t lost_us, const StreamRecord& stream) {
    const std::int64_t answered_us = *order.answered_us;
    const bool edge_is_newer = stream.edge->begun_us > answered_us;
    const std::int64_t from_us = edge_is_newer ? answered_us : evidence_.deadlines.Of(answered_us);
    if (from_us > evidence_.end_us) {
      return;
    }
    if (stream.opened_us < from_us) {
      Count(AccessRule::kVoidEnds);
      if (stream.connected_us && stream.ended_us.value_or(kNever) > from_us && lost_us > from_us) {
        Complain(AccessRule::kVoidEnds,
                 Name(stream) + " was open after " + At(from_us) + ": " + Name(order));
      }
    } else {
      Count(AccessRule::kVoidRefused);
      if (stream.connected_us && *stream.connected_us < lost_us) {
        Complain(AccessRule::kVoidRefused, Name(stream) + " was let in: " + Name(order));
      }
    }
  }

  void JudgeKicked(const AccessOrder& order, const StreamRecord& stream) {
    const bool was_there = stream.connected_us && *stream.connected_us <= order.asked_us &&
                           stream.ended_us.value_or(kNever) > order.asked_us;
    const std::int64_t deadline_us = evidence_.deadlines.Of(*order.answered_us);
    if (!was_there || evidence_.log_gone || deadline_us > evidence_.end_us) {
      return;
    }
    Count(AccessRule::kKickEnds);
    if (stream.ended_us.value_or(kNever) > deadline_us) {
      Complain(AccessRule::kKickEnds,
               Name(stream) + " was open after " + At(deadline_us) + ": " + Name(order));
    }
  }

  void JudgeRevoked(const StreamRecord& stream) {
    const bool old = std::any_of(
        evidence_.logged.begin(), evidence_.logged.end(), [&](const EdgeOnlyEntry& logged) {
          const Entry& entry = *logged.entry;
          const std::string user_id = evidence_.tables_small ? std::string() : entry.user_id;
          return entry.kind == EntryKind::kRevoked && logged.at_us <= *stream.ended_us &&
                 Concerns(entry.project, user_id, stream) &&
                 stream.issued_s < TokensValidFrom(entry.created_us);
        });
    if (!old) {
      Complain(AccessRule::kGoodStays, Name(stream) + " was ended at " + At(*stream.ended_us) +
                                           ", and no revocation is as new");
    }
  }

  void JudgeDraining(const StreamRecord& stream) {
    if (stream.edge->drains_us.value_or(kNever) <= *stream.ended_us) {
      return;
    }
    Count(AccessRule::kKickOnce);
    const bool kicked = std::any_of(
        evidence_.logged.begin(), evidence_.logged.end(), [&](const EdgeOnlyEntry& logged) {
          const Entry& entry = *logged.entry;
          return entry.kind == EntryKind::kKicked && logged.at_us <= *stream.ended_us &&
                 Concerns(entry.project, entry.user_id, stream) &&
                 stream.edge->begun_us <= logged.at_us &&
                 *stream.ended_us <= evidence_.deadlines.Of(logged.at_us);
        });
    if (!kicked) {
      Complain(AccessRule::kKickOnce, Name(stream) + " was sent away at " + At(*stream.ended_us) +
                                          " by an edge that does not drain, and by no kick");
    }
  }

  void Count(AccessRule rule) { ++verdict_.judged[static_cast<std::size_t>(rule)]; }
  void Complain(AccessRule rule, std::string what) {
    verdict_.faults.push_back({rule, std::move(what)});
  }

  const AccessEvidence& evidence_;
  AccessVerdict verdict_;
};

}  // namespace

std::string_view NameOf(AccessRule rule) {
  constexpr std::array<std::string_view, kAccessRules> kNames = {
      "acknowledged orders are in the log",
      "streams of revoked tokens end",
      "revoked tokens are refused",
      "streams of newer tokens stay",
      "kicked streams end",
      "a kick ends a stream once"};
  return kNames[static_cast<std::size_t>(rule)];
}

bool AccessVerdict::Has(AccessRule rule) const {
  return std::any_of(faults.begin(), faults.end(),
                     [rule](const AccessFault& fault) { return fault.rule == rule; });
}

std::string AccessVerdict::ToString() const {
  std::string text;
  for (const AccessFault& fault : faults) {
    text += "BROKEN " + std::string(NameOf(fault.rule)) + ": " + fault.what + "\n";
  }
  return text;
}

AccessVerdict JudgeAccess(const AccessEvidence& evidence) { return Judge(evidence).Run(); }

}  // namespace belfry::sim
