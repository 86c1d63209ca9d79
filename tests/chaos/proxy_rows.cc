// SPDX-License-Identifier: Apache-2.0
// Connections that are slow, come in pieces, are cut in the middle of a frame, or stand half-open.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "tests/chaos/proxy.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

using Lateness = Scene::Lateness;

constexpr std::chrono::milliseconds kLate{150};
// A byte at a time is slow: this much of each call a second is what all of these links can carry.
constexpr double kTrickledPerSecond = 10;
constexpr std::size_t kTrickled = 150;
constexpr std::size_t kWhileSlow = 600;
constexpr int kCuts = 10;
constexpr std::size_t kCutWithinBytes = 3000;
constexpr std::chrono::milliseconds kBetweenCuts{400};
// Two heartbeats and a half.
constexpr char kHeartbeat[] = "--edge-heartbeat=5s";
constexpr std::chrono::milliseconds kSilenceMax{12'500};

enum class Link { kBrowserEdge, kEdgeStore, kStoreNats, kIngestStore };

// NATS is only the doorbell: whatever its link does, everybody receives everything in time.
Lateness LatenessOf(Link link) {
  return link == Link::kStoreNats ? Lateness::kNotExcused : Lateness::kExcused;
}

// The detours of one link, and the scene that goes through them. Outlives the scene's cluster: a
// static of the row's own process.
class Detours {
 public:
  explicit Detours(Link link) : link_(link) {}

  [[nodiscard]] bool Begin(Scene& scene, double per_second_each = 100) {
    SceneOptions options;
    options.per_second_each = per_second_each;
    options.silence_max = kSilenceMax;
    options.cluster.edge_args.emplace_back(kHeartbeat);
    auto& detours = options.cluster.detours;
    switch (link_) {
      case Link::kBrowserEdge:
        detours["browser>edge-1"] = first_.endpoint();
        detours["browser>edge-2"] = second_.endpoint();
        break;
      case Link::kEdgeStore:
        detours["edge>store"] = first_.endpoint();
        options.without = {"nats"};  // else hardly any bytes pass this link
        break;
      case Link::kStoreNats:
        detours["store>nats"] = first_.endpoint();
        break;
      case Link::kIngestStore:
        detours["ingest>store"] = first_.endpoint();
        break;
    }
    options.before_start = [this](test::Cluster& cluster) { Aim(cluster); };
    return scene.Begin(options);
  }

  template <typename Do>
  void Each(Do what) {
    what(first_);
    if (link_ == Link::kBrowserEdge) {
      what(second_);
    }
  }

  // One of Proxy::Counts, over all detours.
  std::size_t Sum(std::size_t Proxy::Counts::*count) {
    std::size_t sum = 0;
    Each([&sum, count](const Proxy& proxy) { sum += proxy.counts().*count; });
    return sum;
  }

 private:
  void Aim(test::Cluster& cluster) {
    switch (link_) {
      case Link::kBrowserEdge:
        first_.SetTarget(cluster.edge(0).serves());
        second_.SetTarget(cluster.edge(1).serves());
        break;
      case Link::kEdgeStore:
      case Link::kIngestStore:
        first_.SetTarget(cluster.store().serves());
        break;
      case Link::kStoreNats:
        first_.SetTarget(cluster.nats().serves());
        break;
    }
  }

  const Link link_;
  Proxy first_;
  Proxy second_;
};

template <Link kLink>
Detours& DetoursOf() {
  static Detours detours(kLink);
  return detours;
}

template <Link kLink>
void Slow(Scene& scene) {
  Detours& detours = DetoursOf<kLink>();
  if (!detours.Begin(scene)) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("everything is late", Lateness::kNotExcused);
    detours.Each([](Proxy& proxy) { proxy.Delay(kLate); });
    if (!scene.Recovers() || !scene.Works(kWhileSlow)) {
      return;
    }
    detours.Each([](Proxy& proxy) { proxy.Delay(std::chrono::milliseconds(0)); });
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
  }
  scene.Require(detours.Sum(&Proxy::Counts::bytes) > 0, "nothing passed the detour");
}

template <Link kLink>
void Trickle(Scene& scene) {
  Detours& detours = DetoursOf<kLink>();
  if (!detours.Begin(scene, kTrickledPerSecond)) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("byte by byte", Lateness::kNotExcused);
    detours.Each([](Proxy& proxy) { proxy.Trickle(true); });
    if (!scene.Recovers() || !scene.Works(kTrickled)) {
      return;
    }
    detours.Each([](Proxy& proxy) { proxy.Trickle(false); });
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
  }
  const std::size_t pieces = detours.Sum(&Proxy::Counts::pieces);
  scene.Note(std::to_string(pieces) + " single bytes");
  scene.Require(pieces > 0, "nothing came byte by byte");
}

template <Link kLink>
void Cut(Scene& scene) {
  Detours& detours = DetoursOf<kLink>();
  if (!detours.Begin(scene)) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    scene.FaultBegins("cut in mid-frame", LatenessOf(kLink));
    for (int i = 0; i < kCuts; ++i) {
      detours.Each([](Proxy& proxy) { proxy.CutWithin(kCutWithinBytes); });
      std::this_thread::sleep_for(kBetweenCuts);
    }
    scene.FaultEnds();
    if (!scene.Recovers()) {
      return;
    }
  }
  const std::size_t cut = detours.Sum(&Proxy::Counts::cut);
  scene.Note(std::to_string(cut) + " connections cut");
  scene.Require(cut > 0, "no connection was cut");
}

// Neither end learns that the connection is dead.
template <Link kLink>
void HalfOpen(Scene& scene) {
  Detours& detours = DetoursOf<kLink>();
  if (!detours.Begin(scene)) {
    return;
  }
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works(1 + scene.Random(200))) {
      return;
    }
    scene.FaultBegins("half-open", LatenessOf(kLink));
    detours.Each([](Proxy& proxy) { proxy.FallSilent(); });
    // And there are streams that want to catch up.
    test::Node& edge = scene.cluster().edge(1);
    if (kLink == Link::kEdgeStore) {
      edge.Kill();
    }
    if (!scene.Recovers()) {
      return;
    }
    scene.FaultEnds();
    if (!scene.Restarts(edge)) {
      return;
    }
  }
  const std::size_t swallowed = detours.Sum(&Proxy::Counts::swallowed);
  scene.Note(std::to_string(swallowed) + " bytes swallowed");
  scene.Require(swallowed > 0, "nothing was swallowed");
}

template <Link kLink>
void AddRows(const std::string& link, const std::string& half_open, std::vector<Row>* rows) {
  const auto add = [&](const char* fault, std::string expected, void (*run)(Scene&)) {
    rows->push_back({.name = "proxy-" + link + "-" + fault,
                     .expected = std::move(expected),
                     .run = run,
                     .rounds = 2,
                     .rounds_long = 20,
                     .round_max = std::chrono::seconds(120)});
  };
  add("slow", "150 ms later each way: everybody receives everything in time", Slow<kLink>);
  add("trickle", "byte by byte: everybody receives everything in time", Trickle<kLink>);
  add("cut", "resets in mid-frame, over and over: nothing is missed or delivered twice",
      Cut<kLink>);
  add("half-open", "half-open connections: " + half_open, HalfOpen<kLink>);
}

}  // namespace

std::vector<Row> ProxyRows() {
  std::vector<Row> rows;
  AddRows<Link::kBrowserEdge>("browser-edge", "clients go by the heartbeats and resume elsewhere",
                              &rows);
  AddRows<Link::kEdgeStore>("edge-store", "edges notice by keepalive, and nothing is missed",
                            &rows);
  AddRows<Link::kStoreNats>("store-nats", "everybody receives everything in time, from the store",
                            &rows);
  AddRows<Link::kIngestStore>("ingest-store", "ingest notices; nothing is stored twice", &rows);
  return rows;
}

}  // namespace belfry::chaos
