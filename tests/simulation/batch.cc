// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/batch.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace belfry::sim {
namespace {

// What the product counts inside itself and every large batch must have met. Left out is what no
// schedule of these profiles can reach, such as a peer that floods.
constexpr std::array kInside = {
    R"(belfry_edge_holes_total{cause="gap"})",
    R"(belfry_edge_holes_total{cause="tail"})",
    R"(belfry_edge_holes_total{cause="silence"})",
    R"(belfry_edge_holes_total{cause="overflow"})",
    R"(belfry_edge_holes_total{cause="restart"})",
    R"(belfry_edge_entries_applied_total{source="announced"})",
    R"(belfry_edge_entries_applied_total{source="filled"})",
    "belfry_edge_entries_repeated_total",
    "belfry_edge_entries_held_dropped_total",
    "belfry_edge_log_gaps_total",
    "belfry_edge_fill_failures_total",
    "belfry_edge_heads_failures_total",
    R"(belfry_edge_catch_ups_total{cause="start"})",
    R"(belfry_edge_catch_ups_total{cause="resume"})",
    R"(belfry_edge_catch_ups_total{cause="more"})",
    R"(belfry_edge_catch_ups_total{cause="overflow"})",
    R"(belfry_edge_catch_ups_total{cause="held"})",
    R"(belfry_edge_catch_ups_total{cause="gap"})",
    "belfry_edge_catch_up_failures_total",
    R"(belfry_edge_streams_closed_total{reason="stalled"})",
    R"(belfry_edge_streams_closed_total{reason="peer_gone"})",
    R"(belfry_edge_streams_closed_total{reason="revoked"})",
    R"(belfry_edge_streams_refused_total{limit="not_following"})",
    R"(belfry_store_append_items_total{result="stored"})",
    R"(belfry_store_append_items_total{result="duplicate"})",
    R"(belfry_store_append_items_total{result="key_reused"})",
    R"(belfry_store_append_items_total{result="queue_full"})",
    R"(belfry_store_append_items_total{result="disk_reserve"})",
    R"(belfry_store_append_items_total{result="dropped"})",
    R"(belfry_store_append_items_total{result="unknown"})",
    R"(belfry_store_announce_resumes_total{cause="overflow"})",
    R"(belfry_store_announce_resumes_total{cause="disconnected"})",
    R"(belfry_store_announce_resumes_total{cause="failed"})",
    "belfry_store_announce_skipped_total",
};

// For the signal handler, which may touch nothing else.
std::array<char, 128> replay_text{};
std::atomic<std::size_t> replay_size = 0;

void SayReplayOnAbort(int signal) {
  static_cast<void>(!::write(STDERR_FILENO, replay_text.data(), replay_size));
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void NoteReplay(const std::string& command) {
  const std::string text = "aborted; replay: " + command + "\n";
  replay_size = text.copy(replay_text.data(), replay_text.size());
  std::signal(SIGABRT, SayReplayOnAbort);
}

// The value of `series` in Prometheus's text format; 0 if it is not there.
double ValueOf(const std::string& exposed, const std::string& series) {
  const std::string line = "\n" + series + " ";
  const std::size_t at = exposed.find(line);
  return at == std::string::npos ? 0 : std::strtod(exposed.c_str() + at + line.size(), nullptr);
}

}  // namespace

std::string_view ProfileOf(std::uint64_t seed) {
  return ProfileNames()[seed % ProfileNames().size()];
}

std::string ReplayCommand(std::string_view profile, std::uint64_t seed) {
  return "./dev chaos sim --profile " + std::string(profile) + " --seed " + std::to_string(seed) +
         " --trace";
}

bool Batch::Run(std::uint64_t seed, std::string_view profile) {
  const std::string_view which = profile.empty() ? ProfileOf(seed) : profile;
  const std::string replay = ReplayCommand(which, seed);
  NoteReplay(replay);
  const Outcome outcome = RunSeed(which, seed, instruments_);
  std::signal(SIGABRT, SIG_DFL);
  ++runs_;
  events_ += outcome.events;
  coverage_.Merge(outcome.coverage);
  for (std::size_t i = 0; i < judged_.size(); ++i) {
    judged_[i] += outcome.verdict.judged[i].count;
  }
  for (std::size_t i = 0; i < access_judged_.size(); ++i) {
    access_judged_[i] += outcome.access.judged[i];
  }
  if (outcome.ok()) {
    return true;
  }
  failure_ = "seed " + std::to_string(seed) + " of profile " + std::string(which) +
             " broke the promise: " + outcome.ToString() + "replay: " + replay + "\n";
  return false;
}

std::vector<Batch::Row> Batch::Rows() const {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < kFaults; ++i) {
    const auto fault = static_cast<Fault>(i);
    rows.push_back(
        {"fault: " + std::string(NameOf(fault)), static_cast<double>(coverage_.Count(fault))});
  }
  for (std::size_t i = 0; i < kSeen; ++i) {
    const auto seen = static_cast<Seen>(i);
    rows.push_back({std::string(NameOf(seen)), static_cast<double>(coverage_.Count(seen))});
  }
  for (std::size_t i = 0; i < judged_.size(); ++i) {
    const test::Clause clause = test::kClauses[i];
    rows.push_back({"judged: " + std::string(test::ClauseName(clause)) + ", " +
                        std::string(test::UnitOf(clause)),
                    static_cast<double>(judged_[i])});
  }
  for (std::size_t i = 0; i < access_judged_.size(); ++i) {
    rows.push_back({"judged: " + std::string(NameOf(static_cast<AccessRule>(i))),
                    static_cast<double>(access_judged_[i])});
  }
  const std::string exposed = "\n" + instruments_.metrics.Expose();
  for (const char* series : kInside) {
    rows.push_back({series, ValueOf(exposed, series)});
  }
  return rows;
}

std::string Batch::CoverageTable() const {
  std::string table;
  for (const Row& row : Rows()) {
    std::array<char, 32> count{};
    std::snprintf(count.data(), count.size(), "%12.0f  ", row.count);
    table += count.data() + row.name + "\n";
  }
  return table;
}

std::vector<std::string> Batch::Missing() const {
  std::vector<std::string> missing;
  for (const Row& row : Rows()) {
    if (row.count == 0) {
      missing.push_back(row.name);
    }
  }
  return missing;
}

}  // namespace belfry::sim
