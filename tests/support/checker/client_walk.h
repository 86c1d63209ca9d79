// SPDX-License-Identifier: Apache-2.0
// One client's history, walked from its first event to its last: the clauses that one client alone
// can show broken, and what it covered, for the clauses that need all clients.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/checker/checker.h"
#include "tests/support/checker/publish_index.h"

namespace belfry::test {

class ClientWalk {
 public:
  using Report = std::function<void(Violation)>;

  // All must outlive it.
  ClientWalk(const ClientHistory& client, const PublishIndex& index, const CheckOptions& options,
             const Report& report);

  // Judges every event; call once.
  void Run();

  // After Run: the feed's acknowledged publishes, by id.
  const std::vector<PublishIndex::Acknowledged>& feed() const { return feed_; }
  // Whether the client must have been told `id`: it was there for it, no reset excused it.
  bool Covers(EntryId id) const;
  bool WasTold(EntryId id) const { return times_told_.contains(id); }
  std::size_t told() const { return told_; }
  std::size_t connections() const { return connections_; }
  std::size_t resets() const { return resets_; }
  // A few lines of the history around event `at`.
  std::string Excerpt(std::size_t at) const;
  // The same around the place where `id` would have been.
  std::string ExcerptAround(EntryId id) const;

 private:
  void OnOpened(const StreamEvent& event);
  void OnConnected(const StreamEvent& event, std::size_t at);
  void OnNotification(const StreamEvent& event, std::size_t at);
  void OnReset(const StreamEvent& event, std::size_t at);
  // The event's id line moves the connection's position; what it passes must be in `told`.
  void MoveTo(const StreamEvent& event, std::size_t at);
  void JudgeTold(const Told& told, std::size_t at);
  void JudgeResetReason(const StreamEvent& event, std::size_t at);
  // A `connected` that disagrees with what was asked needs a reset right after it.
  void RequireResetIfSkipped(std::size_t at);
  void Complain(Clause clause, std::string what, std::vector<EntryId> ids, std::size_t at) const;

  const ClientHistory& client_;
  const PublishIndex& index_;
  const CheckOptions& options_;
  const Report& report_;
  const std::vector<PublishIndex::Acknowledged> feed_;

  // Over all connections.
  bool started_ = false;
  EntryId start_ = 0;                                    // of the first connection
  EntryId furthest_ = 0;                                 // the greatest cursor
  std::vector<std::pair<EntryId, EntryId>> excused_;     // (from, to]
  std::unordered_map<EntryId, std::size_t> times_told_;  // id -> the connection that told it
  std::size_t told_ = 0;
  std::size_t connections_ = 0;
  std::size_t resets_ = 0;

  // Of the connection under way.
  EntryId asked_ = 0;
  bool resumed_ = false;
  std::int64_t opened_us_ = 0;
  EntryId position_ = 0;
  EntryId last_told_ = 0;
  bool positioned_ = false;  // position_ means something
  bool skipped_ = false;     // see RequireResetIfSkipped
};

}  // namespace belfry::test
