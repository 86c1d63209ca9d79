// SPDX-License-Identifier: Apache-2.0
// What a row works with: a cluster under load, the books of what was broken when, the measure of
// recovery, and at the end the checker's verdict. One thread only, the process's first.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "tests/chaos/fault_shim.h"
#include "tests/chaos/row.h"
#include "tests/support/checker/checker.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/traffic.h"

namespace belfry::chaos {

struct SceneOptions {
  test::ClusterOptions cluster = {.edges = 2};
  std::vector<std::string> without = {};  // nodes that are not started: "nats"
  // Called once addresses are known, before anything is started.
  std::function<void(test::Cluster&)> before_start = {};
  std::size_t users = 20;
  std::size_t streams_per_user = 2;
  double per_second_each = 100;  // by each of the three calls
  std::size_t body_bytes = 0;
  std::chrono::seconds recovery_max{45};     // before the row is broken
  std::chrono::milliseconds silence_max{0};  // see test::SseClientOptions
};

// Functions that return bool give false once something is not as the row wants it; what it was has
// been noted, and the row need only return.
class Scene {
 public:
  explicit Scene(RunOptions options);

  // Starts a cluster, connects the streams, starts the load.
  [[nodiscard]] bool Begin(const SceneOptions& options = {});
  // The same without streams and load.
  [[nodiscard]] bool BeginQuietly(const SceneOptions& options = {});
  test::Cluster& cluster() { return *cluster_; }
  test::Traffic& traffic() { return *traffic_; }

  int rounds() const { return options_.rounds; }
  std::string path(const std::string& name) const { return options_.directory + "/" + name; }
  // Anything below `below`; the seed decides.
  std::size_t Random(std::size_t below);

  // A shim with a page of its own. Aborts the process without one.
  std::unique_ptr<FaultShim> MakeShim();

  // Waits until the load has had `more` acknowledged.
  [[nodiscard]] bool Works(std::size_t more = 150);
  // A fault begins, or is over. One at a time. Lateness during it is excused, unless it is one that
  // the promise of being timely holds through (NATS may be down).
  enum class Lateness { kExcused, kNotExcused };
  void FaultBegins(std::string what, Lateness lateness = Lateness::kExcused);
  void FaultEnds();
  // Waits until publishes are acknowledged again and everybody has everything (see
  // Outcome::recovery_s), and takes the time.
  [[nodiscard]] bool Recovers();
  // Waits until `node` has ended by itself.
  [[nodiscard]] bool Ends(test::Node& node);
  // Starts `node` and waits until it is ready.
  [[nodiscard]] bool Restarts(test::Node& node, const std::vector<std::string>& more = {});
  // Starts `node`, which must give up by itself and say `words` in its log.
  [[nodiscard]] bool RefusesToStart(test::Node& node, const std::string& words);
  bool Require(bool condition, const std::string& what);
  // The same, with the status's own message.
  bool Expect(const Status& status) { return Require(status.ok(), MessageOf(status)); }
  // Null if there is none. It lives as long as the scene: the cluster may be on it when it is
  // judged.
  template <typename T>
  T* Expect(Result<std::unique_ptr<T>> made) {
    if (!Require(made.ok(), MessageOf(made))) {
      return nullptr;
    }
    T* const one = made->get();
    held_.push_back(*std::move(made));
    return one;
  }

  // What belongs beside the counts in the table.
  void Note(std::string note) { notes_.push_back(std::move(note)); }
  // The fault gives the store a reason to say `reset`.
  void ResetsAreAllowed() { check_.resets_allowed = true; }

  // What a row with clients of its own has kept: judged instead of the traffic's.
  void Keeps(test::History history) { kept_ = std::move(history); }

  // Ends the load, waits until everybody has everything, reads the store's logs back (it must run)
  // and judges. Once.
  Outcome Judge();
  // What was judged, for belfry-checker to judge again.
  std::string HistoryText() const;

 private:
  template <typename T>
  static std::string MessageOf(const Result<T>& result) {
    return result.ok() ? std::string() : result.error().ToString();
  }
  [[nodiscard]] bool BecomesReady(test::Node& node);
  void ReadHistory();
  void Log(const std::string& line) const;

  const RunOptions options_;
  const std::int64_t began_us_;
  std::mt19937_64 random_;
  test::CheckOptions check_;
  std::string failure_;  // the first
  std::vector<std::string> notes_;
  std::optional<double> recovery_s_;
  int recoveries_ = 0;
  std::chrono::seconds recovery_max_{0};
  int shims_ = 0;
  test::Trouble fault_;                  // the last; to_us is 0 until it is over
  std::vector<test::Trouble> troubles_;  // those that excuse lateness and are over
  bool excused_ = false;                 // fault_ is one of them
  std::optional<test::History> kept_;
  test::History history_;                    // after Judge
  test::Verdict verdict_;                    // after Judge
  std::vector<std::shared_ptr<void>> held_;  // after the cluster has gone
  std::unique_ptr<test::Cluster> cluster_;
  std::unique_ptr<test::Traffic> traffic_;  // before the cluster goes
};

}  // namespace belfry::chaos
