// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/scene.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <utility>

#include "libs/common/check.h"
#include "tests/support/checker/history_jsonl.h"
#include "tests/support/checker/publish_index.h"
#include "tests/support/cluster/stored_logs.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

using test::Node;

// 2 s is the promise; a slow machine gets more before the row counts as broken. The evidence says
// which of these was kept.
constexpr std::chrono::milliseconds kTimelyBounds[] = {
    std::chrono::milliseconds(500), std::chrono::milliseconds(1'000),
    std::chrono::milliseconds(2'000), std::chrono::milliseconds(5'000),
    std::chrono::milliseconds(10'000)};

double Seconds(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

}  // namespace

Scene::Scene(RunOptions options)
    : options_(std::move(options)), began_us_(test::SteadyMicros()), random_(options_.seed) {}

bool Scene::Begin(const SceneOptions& options) {
  if (!BeginQuietly(options)) {
    return false;
  }
  const std::vector<std::string> users = test::Traffic::Users(options.users);
  if (!Require(traffic_->Listen(users, options.streams_per_user, options.silence_max),
               "the streams did not connect")) {
    return false;
  }
  traffic_->StartLoad(users, options.per_second_each, options.body_bytes);
  return Works();
}

bool Scene::BeginQuietly(const SceneOptions& options) {
  recovery_max_ = options.recovery_max;
  cluster_ = std::make_unique<test::Cluster>(options.cluster);
  traffic_ = std::make_unique<test::Traffic>(*cluster_);
  if (options.before_start) {
    options.before_start(*cluster_);
  }
  const auto wanted = [&options](const Node* node) {
    return std::find(options.without.begin(), options.without.end(), node->name()) ==
           options.without.end();
  };
  for (Node* node : cluster_->All()) {
    if (wanted(node)) {
      node->Start();
    }
  }
  for (Node* node : cluster_->All()) {
    if (wanted(node) && !BecomesReady(*node)) {
      return false;
    }
  }
  Log("all are ready");
  return true;
}

std::size_t Scene::Random(std::size_t below) {
  return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
}

std::unique_ptr<FaultShim> Scene::MakeShim() {
  auto shim = FaultShim::Make(path("fault-page-" + std::to_string(++shims_)));
  BELFRY_CHECK(shim.ok());
  return *std::move(shim);
}

bool Scene::Works(std::size_t more) {
  return Require(traffic_->WaitAcknowledged(more), "publishes were not acknowledged any more");
}

void Scene::FaultBegins(std::string what, Lateness lateness) {
  Log("fault: " + what);
  fault_ = {std::move(what), test::SteadyMicros(), 0};
  excused_ = lateness == Lateness::kExcused;
}

void Scene::FaultEnds() {
  fault_.to_us = test::SteadyMicros();
  if (excused_) {
    troubles_.push_back(fault_);
  }
  Log("fault over");
}

bool Scene::Recovers() {
  const std::int64_t since = fault_.to_us != 0 ? fault_.to_us : fault_.from_us;
  if (!Require(traffic_->WaitRecovered(since, recovery_max_), "no recovery after " + fault_.what)) {
    for (Node* node : cluster_->All()) {
      Log(node->name() + ": " + node->LogTail());
    }
    return false;
  }
  const double took = Seconds(test::SteadyMicros() - since);
  recovery_s_ = std::max(recovery_s_.value_or(0), took);
  ++recoveries_;
  Log("recovered after " + std::to_string(took) + " s");
  return true;
}

bool Scene::Ends(Node& node) {
  return Require(node.WaitForEnd().has_value(), node.name() + " did not end");
}

bool Scene::Restarts(Node& node, const std::vector<std::string>& more) {
  node.Start(more);
  return BecomesReady(node);
}

bool Scene::BecomesReady(Node& node) {
  const bool over = test::WaitUntil(
      [&node] { return !node.Running() || node.WaitReady(std::chrono::milliseconds(100)); },
      test::kPatience);
  if (Require(over && node.Running(), node.name() + " did not become ready")) {
    return true;
  }
  Log(node.LogTail());
  return false;
}

bool Scene::RefusesToStart(Node& node, const std::string& words) {
  node.Start();
  const auto status = node.WaitForEnd();
  const std::string log = node.LogTail();
  const bool refused =
      Require(status && *status != 0, node.name() + " did not refuse to start") &&
      Require(log.find(words) != std::string::npos,
              node.name() + " refused to start, but did not say \"" + words + "\"");
  if (!refused) {
    Log(log);
  }
  return refused;
}

bool Scene::Require(bool condition, const std::string& what) {
  if (!condition) {
    Log("NOT AS EXPECTED: " + what);
    if (failure_.empty()) {
      failure_ = what;
    }
  }
  return condition;
}

Outcome Scene::Judge() {
  Outcome outcome;
  if (traffic_ != nullptr) {
    traffic_->StopLoad();
    Require(kept_ || traffic_->fleet().WaitForAll(traffic_->publishes(), test::kPatience),
            "a stream never received everything");
    if (fault_.from_us != 0 && fault_.to_us == 0) {
      FaultEnds();
    }
    ReadHistory();
    for (const auto bound : kTimelyBounds) {
      check_.timely = bound;
      verdict_ = Check(history_, check_);
      if (!verdict_.Has(test::Clause::kTimely)) {
        break;
      }
    }
    Require(verdict_.acknowledged > 0, "nothing was acknowledged, so nothing was tested");
    Log(verdict_.ToString());
  }
  const bool kept = failure_.empty() && verdict_.ok();
  outcome.verdict = kept ? Outcome::Verdict::kKept : Outcome::Verdict::kBroken;
  outcome.why = failure_;
  if (!verdict_.ok()) {
    const test::Violation& first = verdict_.violations.front();
    outcome.why +=
        (failure_.empty() ? "" : "; ") + std::string(ClauseName(first.clause)) + ": " + first.what;
  }
  outcome.recovery_s = recovery_s_;
  outcome.rounds = std::max(recoveries_, 1);
  outcome.acknowledged = verdict_.acknowledged;
  outcome.unknown = verdict_.unknown;
  outcome.rejected = verdict_.rejected;
  outcome.told = verdict_.told;
  outcome.resets = verdict_.resets;
  outcome.notes = notes_;
  if (verdict_.of(test::Clause::kTimely).count > 0 && !verdict_.Has(test::Clause::kTimely)) {
    char text[32];
    std::snprintf(text, sizeof text, "delivered within %g s", Seconds(check_.timely.count()));
    outcome.notes.emplace_back(text);
  }
  return outcome;
}

void Scene::ReadHistory() {
  if (kept_) {
    history_ = *std::move(kept_);
    history_.troubles = troubles_;
    check_.partitions = static_cast<Partition>(history_.stored.size());
    return;
  }
  auto stored = test::ReadStoredLogs(cluster_->store().serves(), test::kPatience);
  if (Require(stored.ok(), stored.ok() ? "" : stored.error().ToString())) {
    check_.partitions = static_cast<Partition>(stored->size());
    history_.stored = *std::move(stored);
  }
  history_.publishes = traffic_->publishes();
  // Publishes whose outcome is unknown may be stored.
  Require(traffic_->fleet().WaitForAll(test::AsCommitted(history_.publishes, history_.stored),
                                       test::kPatience),
          "a stream never received what is stored");
  history_.clients = traffic_->fleet().Histories();
  history_.troubles = troubles_;
}

std::string Scene::HistoryText() const {
  std::ostringstream text;
  test::WriteHistory(history_, text);
  return text.str();
}

void Scene::Log(const std::string& line) const {
  std::fprintf(stderr, "%8.3f %s\n", Seconds(test::SteadyMicros() - began_us_), line.c_str());
}

}  // namespace belfry::chaos
