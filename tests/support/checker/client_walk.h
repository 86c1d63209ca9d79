// SPDX-License-Identifier: Apache-2.0
// One client's history, walked from its first event to its last: the clauses that one client alone
// can show broken, and what it was there for, for the clauses that need all clients.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/support/checker/checker.h"
#include "tests/support/checker/ledger.h"

namespace belfry::test {

class ClientWalk {
 public:
  using Report = std::function<void(Violation)>;

  // All must outlive it.
  ClientWalk(const ClientHistory& client, const Ledger& ledger, const CheckOptions& options,
             const Report& report);

  // Judges every event; call once.
  void Run();

  const ClientHistory& client() const { return client_; }
  Partition home() const { return home_; }
  // What is known to have been committed in its feed, by id.
  const std::vector<Committed>& feed() const { return feed_; }

  // After Run.

  // From what cursor a connection was up, when, and until when; a reset ends one and begins one.
  struct Connection {
    std::int64_t up_us = 0;
    std::int64_t down_us = 0;  // the end of time if it was up to the last
    EntryId from = 0;
  };
  const std::vector<Connection>& up() const { return up_; }
  // Whether it was there for `id`: a connection passed it, or would have had to in the end.
  bool Covers(EntryId id) const;
  // When it first received `id`, and when last.
  std::optional<std::int64_t> ToldAt(EntryId id) const;
  std::optional<std::int64_t> LastToldAt(EntryId id) const;
  // How much there was, by what the clauses count.
  struct Counts {
    std::size_t told = 0;
    std::size_t connections = 0;
    std::size_t resumed = 0;
    std::size_t passed = 0;
    std::size_t expired = 0;  // passed untold, rightly
    std::size_t resets = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // When and on which connections something was told.
  struct Telling {
    std::int64_t first_us = 0;
    std::int64_t last_us = 0;
    std::size_t first = 0;
    std::size_t last = 0;
  };
  using Interval = std::pair<EntryId, EntryId>;  // (from, to]

  void OnOpened(const StreamEvent& event);
  void OnConnected(const StreamEvent& event, std::size_t at);
  void OnNotification(const StreamEvent& event, std::size_t at);
  void OnReset(const StreamEvent& event, std::size_t at);
  // A connection begins to deliver what comes after `from`, and ends.
  void GoUp(std::int64_t at_us, EntryId from);
  void GoDown(std::int64_t at_us);
  // The position is `position`, whatever it was.
  void Stand(EntryId position);
  // The event's id line moves the connection's position.
  void MoveTo(const StreamEvent& event, std::size_t at);
  // What it passes must have been delivered on this connection.
  void JudgePassed(const StreamEvent& event, std::size_t at);
  void JudgeTold(const Told& told, std::size_t at);
  void JudgeContent(const Told& told, std::size_t at);
  void JudgeRepeat(const Told& told, std::size_t at);
  // A `connected` that disagrees with what was asked needs a reset right after it.
  void RequireResetIfSkipped(std::size_t at);
  // Of the feed, (from, to] as of `at_us`, what was delivered on no connection at all is broken.
  void JudgeUntold(EntryId from, EntryId to, std::int64_t at_us, const std::string& why);
  // The feed's entries in (from, to].
  std::span<const Committed> Between(EntryId from, EntryId to) const;
  void Complain(Clause clause, std::string what, std::vector<EntryId> ids, std::size_t at,
                const std::string& lines = {}) const;

  const ClientHistory& client_;
  const Ledger& ledger_;
  const CheckOptions& options_;
  const Report& report_;
  const Partition home_;
  const std::vector<Committed> feed_;

  // Over all connections.
  Counts counts_;
  std::optional<EntryId> reached_;                 // where the last one that stood somewhere stood
  std::vector<Interval> covered_;                  // by a connection
  std::vector<Connection> up_;                     // the last one may still be up
  std::unordered_map<EntryId, Telling> tellings_;  // by id
  std::unordered_set<EntryId> complained_;         // of these it was said that they are missing

  // Of the connection under way.
  EntryId asked_ = 0;
  bool resumed_ = false;
  std::int64_t opened_us_ = 0;
  EntryId begin_ = 0;  // where it started
  EntryId position_ = 0;
  EntryId last_told_ = 0;
  bool positioned_ = false;  // position_ means something
  bool skipped_ = false;     // see RequireResetIfSkipped
  bool is_up_ = false;       // `connected` was received, and it has not ended
};

}  // namespace belfry::test
