// SPDX-License-Identifier: Apache-2.0
// Clients that reconnect over and over with any cursor, while others publish.
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/scene.h"

namespace belfry::chaos {
namespace {

constexpr std::size_t kUsers = 10;
constexpr int kThreads = 2;
constexpr std::size_t kReadersAtOnce = 20;
constexpr std::chrono::seconds kAnswerMax{30};
// Of the edge, once it has warmed up; what the allocator keeps varies by some megabytes.
constexpr long kGrowthKibMax = 32 * 1024;
constexpr std::uint64_t kHourMicros = 3'600'000'000;

constexpr const char* kGarbage[] = {"abc", "-1",  "1e9", "123456789012345678901", "1 2", "0x10",
                                    "%31", "1,2", "+1"};

// The ids of what was acknowledged so far, by user, in order. Broadcasts have other ids in each
// partition and are left out.
using Feeds = std::map<std::string, std::vector<EntryId>>;

Feeds FeedsOf(const std::vector<test::Publish>& publishes) {
  Feeds feeds;
  for (const test::Publish& publish : publishes) {
    if (publish.ids.empty() || publish.user_id.empty()) {
      continue;
    }
    feeds[publish.user_id].push_back(publish.ids.front());
  }
  for (auto& [user, ids] : feeds) {
    std::sort(ids.begin(), ids.end());
  }
  return feeds;
}

long ResidentKib(const test::Node& node) {
  std::ifstream status("/proc/" + std::to_string(node.pid()) + "/status");
  for (std::string word; status >> word;) {
    long kib = 0;
    if (word == "VmRSS:" && status >> kib) {
      return kib;
    }
  }
  return 0;
}

// Asks for streams in a tight loop, each time with another cursor, reads what answers the cursor,
// and hangs up. Each on a thread of its own.
class Hasty {
 public:
  // `edge` and `tokens` (by user) outlive it.
  Hasty(const test::Endpoint& edge, const std::map<std::string, std::string>& tokens,
        std::uint64_t seed)
      : edge_(edge), tokens_(tokens), random_(seed), thread_([this] { Run(); }) {}
  ~Hasty() { Stop(); }

  void Know(Feeds feeds) {
    const std::lock_guard lock(mutex_);
    feeds_ = std::move(feeds);
  }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  std::size_t answers() const { return answers_; }
  // The first answer that was not right; empty if there is none.
  std::string wrong() const {
    const std::lock_guard lock(mutex_);
    return wrong_;
  }

 private:
  void Run() {
    while (!stopping_) {
      std::string user;
      std::vector<EntryId> ids;
      {
        const std::lock_guard lock(mutex_);
        if (!feeds_.empty()) {
          auto feed = feeds_.begin();
          std::advance(feed, static_cast<std::ptrdiff_t>(Below(feeds_.size())));
          user = feed->first;
          ids = feed->second;
        }
      }
      if (ids.size() < 2) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));  // no cursor to ask with yet
        continue;
      }
      const std::string wrong = AskOnce(user, ids);
      ++answers_;
      if (wrong.empty()) {
        continue;
      }
      const std::lock_guard lock(mutex_);
      if (wrong_.empty()) {
        wrong_ = wrong;
      }
    }
  }

  std::string AskOnce(const std::string& user, const std::vector<EntryId>& ids) {
    switch (Below(4)) {
      case 0: {  // one that it was given, and not the last
        const std::size_t at = Below(ids.size() - 1);
        return ExpectNext(user, ids[at], ids[at + 1]);
      }
      case 1:  // older than anything
        return ExpectNext(user, 1 + Below(1000), ids.front());
      case 2:
        return ExpectAhead(user, ids.back() + kHourMicros + Below(1000));
      default: {
        const std::string garbage = kGarbage[Below(std::size(kGarbage))];
        const std::string answer = Ask(user, garbage, "HTTP/1.1 ", "\r\n");
        return answer.starts_with("HTTP/1.1 400 ") ? ""
                                                   : "\"" + garbage + "\" was answered " + answer;
      }
    }
  }

  // What comes first after `cursor` must be `next`, or something between that is not in our books.
  std::string ExpectNext(const std::string& user, EntryId cursor, EntryId next) {
    const std::string answer = Ask(user, std::to_string(cursor), "event: notification\n", "\n\n");
    EntryId told = 0;
    bool reset = false;
    Parse(answer, [&](const http::SseEvent& event) {
      reset = reset || event.event == "reset";
      if (told == 0 && event.event == "notification") {
        told = std::stoull(event.id);
      }
    });
    if (!reset && told > cursor && told <= next) {
      return {};
    }
    return user + " after " + std::to_string(cursor) + " did not receive " + std::to_string(next) +
           " but: " + answer;
  }

  std::string ExpectAhead(const std::string& user, EntryId cursor) {
    const std::string answer = Ask(user, std::to_string(cursor), "event: reset\n", "\n\n");
    bool ahead = false;
    Parse(answer, [&](const http::SseEvent& event) {
      ahead = ahead ||
              (event.event == "reset" && event.data.find("\"cursor_ahead\"") != std::string::npos &&
               std::stoull(event.id) < cursor);
    });
    return ahead ? "" : user + " after " + std::to_string(cursor) + " received: " + answer;
  }

  // The answer until what `begins` begins has come to its `end`.
  std::string Ask(const std::string& user, const std::string& cursor, const std::string& begins,
                  const std::string& end) {
    auto socket = test::Connect(edge_, kAnswerMax);
    if (!socket.ok()) {
      return socket.error().ToString();
    }
    // No port of ours is to wait for a minute.
    const linger at_once{1, 0};
    setsockopt(socket->fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const Status sent =
        test::SendAll(*socket,
                      "GET /v1/stream HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer " +
                          tokens_.at(user) + "\r\nLast-Event-ID: " + cursor + "\r\n\r\n",
                      kAnswerMax);
    if (!sent.ok()) {
      return sent.error().ToString();
    }
    std::string answer = test::ReadUntil(*socket, begins, kAnswerMax);
    const std::size_t at = answer.find(begins);
    if (at != std::string::npos && answer.find(end, at) == std::string::npos) {
      answer += test::ReadUntil(*socket, end, kAnswerMax);
    }
    return answer;
  }

  template <typename OnEvent>
  static void Parse(const std::string& answer, OnEvent on_event) {
    http::ResponseReader reader;
    http::SseParser parser;
    std::string body;
    if (reader.Feed(answer, &body).ok()) {
      static_cast<void>(parser.Feed(body, on_event));
    }
  }

  std::size_t Below(std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
  }

  const test::Endpoint edge_;
  const std::map<std::string, std::string>& tokens_;
  std::mt19937_64 random_;  // the thread's only
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> answers_ = 0;
  mutable std::mutex mutex_;
  // Guarded by it.
  Feeds feeds_;
  std::string wrong_;

  std::thread thread_;
};

// Clients that read all there is after their cursors, for the checker to judge.
bool ReadAll(Scene& scene, const Feeds& feeds) {
  std::vector<std::size_t> readers;
  for (std::size_t i = 0; i < kReadersAtOnce; ++i) {
    auto feed = feeds.begin();
    std::advance(feed, static_cast<std::ptrdiff_t>(scene.Random(feeds.size())));
    const auto& ids = feed->second;
    const EntryId cursors[] = {ids[scene.Random(ids.size())], 1 + scene.Random(1000),
                               ids.back() + kHourMicros};
    readers.push_back(scene.traffic().Add(feed->first, cursors[scene.Random(3)]));
  }
  const bool told = scene.Recovers();
  for (const std::size_t reader : readers) {
    scene.traffic().fleet().Leave(reader);
  }
  return told;
}

void AnyCursor(Scene& scene) {
  SceneOptions options;
  options.users = kUsers;
  options.streams_per_user = 1;
  // Those who hang up and come back are not to push each other out.
  options.cluster.edge_args.emplace_back("--edge-streams-per-user-max=100");
  if (!scene.Begin(options)) {
    return;
  }
  scene.ResetsAreAllowed();
  std::map<std::string, std::string> tokens;
  for (const std::string& user : test::Traffic::Users(kUsers)) {
    tokens[user] = scene.cluster().Token(user);
  }
  std::vector<std::unique_ptr<Hasty>> hasty;
  for (int i = 0; i < kThreads; ++i) {
    hasty.push_back(
        std::make_unique<Hasty>(scene.cluster().edge(0).serves(), tokens, scene.Random(1'000'000)));
  }
  long warm_kib = 0;
  for (int round = 0; round < scene.rounds(); ++round) {
    if (!scene.Works()) {
      return;
    }
    const Feeds feeds = FeedsOf(scene.traffic().Answered());
    for (const auto& one : hasty) {
      one->Know(feeds);
    }
    scene.FaultBegins("clients with any cursor", Scene::Lateness::kNotExcused);
    if (!ReadAll(scene, feeds)) {
      return;
    }
    scene.FaultEnds();
    if (round == scene.rounds() / 2) {
      warm_kib = ResidentKib(scene.cluster().edge(0));
    }
  }
  std::size_t answers = 0;
  for (const auto& one : hasty) {
    one->Stop();
    answers += one->answers();
    scene.Require(one->wrong().empty(), one->wrong());
  }
  const long grown_kib = ResidentKib(scene.cluster().edge(0)) - warm_kib;
  scene.Note(std::to_string(answers) + " hasty answers");
  scene.Note("edge-1 grew by " + std::to_string(grown_kib) + " KiB");
  scene.Require(answers > 0, "nobody was answered");
  scene.Require(grown_kib < kGrowthKibMax, "edge-1 grew too much");
}

}  // namespace

std::vector<Row> CursorRows() {
  return {
      {.name = "cursors-random",
       .expected = "tight loops with cursors good, old, ahead and malformed: every answer is right",
       .run = AnyCursor,
       .rounds = 30,
       .rounds_long = 300,
       .round_max = std::chrono::seconds(20)},
  };
}

}  // namespace belfry::chaos
