// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/coverage.h"

namespace belfry::sim {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, kFaults> kFaultNames = {"store killed",
                                                               "store's power cut",
                                                               "store restarted",
                                                               "store frozen",
                                                               "fsync fails",
                                                               "disk low",
                                                               "older snapshot restored",
                                                               "edge killed",
                                                               "edge drained",
                                                               "edge frozen",
                                                               "ingest killed",
                                                               "bus away",
                                                               "bus silent",
                                                               "edge off the bus",
                                                               "bus hostile",
                                                               "announcer stalls",
                                                               "edge cut off the store",
                                                               "ingest cut off the store",
                                                               "connection cut",
                                                               "half-open at the edge",
                                                               "half-open at the client",
                                                               "slow reader",
                                                               "store's clock ahead",
                                                               "store's clock back",
                                                               "edge's clock off"};

constexpr std::array<std::string_view, kSeen> kSeenNames = {"bus: message lost",
                                                            "bus: message repeated",
                                                            "bus: unheard",
                                                            "bus: message forged",
                                                            "bus: message replayed",
                                                            "commit slow",
                                                            "commit dropped by a crash",
                                                            "commit durable, unanswered",
                                                            "commit answered, unannounced",
                                                            "failed fsync, rows there",
                                                            "failed fsync, rows gone",
                                                            "log read failed",
                                                            "call lost",
                                                            "answer lost",
                                                            "call timed out",
                                                            "retired",
                                                            "expired before it was read",
                                                            "read overtaken by the floor",
                                                            "loss recorded",
                                                            "resumed",
                                                            "from the beginning",
                                                            "strange cursor",
                                                            "notification told",
                                                            "group told",
                                                            "state told",
                                                            "bookmark told",
                                                            "reset: window_passed",
                                                            "reset: cursor_ahead",
                                                            "reset: history_lost",
                                                            "bye: draining",
                                                            "bye: overloaded",
                                                            "bye: evicted",
                                                            "bye: token_expired",
                                                            "connect refused",
                                                            "frame cut",
                                                            "client left",
                                                            "publish acknowledged",
                                                            "publish rejected",
                                                            "publish unknown",
                                                            "publish retried",
                                                            "duplicate answered",
                                                            "key reused",
                                                            "changed",
                                                            "unchanged",
                                                            "change unknown",
                                                            "suppressed"};

}  // namespace

std::string_view NameOf(Fault fault) { return kFaultNames[static_cast<std::size_t>(fault)]; }
std::string_view NameOf(Seen seen) { return kSeenNames[static_cast<std::size_t>(seen)]; }

}  // namespace belfry::sim
