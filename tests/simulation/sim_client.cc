// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_client.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "libs/common/check.h"

namespace belfry::sim {
namespace {

constexpr Millis kSilenceMax{4'000};  // a headless client's patience: four heartbeats
constexpr Millis kSilenceLooksEvery{500};
constexpr Millis kSettledRetryMax{300};
constexpr int kLeavePercent = 3;   // each time that it wanders
constexpr int kRenewPercent = 60;  // each time that its token is refused

// The member's text in what SimRenderer and event.cc write; empty if it is not there.
std::string Member(std::string_view json, std::string_view name) {
  const std::string start = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(start);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::size_t begin = at + start.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

EntryId ToId(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

// The count in `connected`, `reset` and `state`.
void TakeCount(std::string_view json, test::StreamEvent& event) {
  json.remove_prefix(std::min(json.size(), json.find("\"counts\":")));
  constexpr std::string_view kName = "\"unreadCount\":";
  const std::size_t at = json.find(kName);
  if (at != std::string_view::npos) {
    event.unread = static_cast<std::int64_t>(ToId(std::string(json.substr(at + kName.size()))));
    event.up_to = ToId(Member(json, "upTo"));
  }
}

test::Told ReadTold(std::string_view json) {
  return {ToId(Member(json, "id")), Member(json, "project"), Member(json, "userId"),
          Member(json, "title"), ToId(Member(json, "broadcastId"))};
}

// The objects of an array of flat objects.
std::vector<std::string_view> Objects(std::string_view json) {
  std::vector<std::string_view> objects;
  for (std::size_t begin = json.find('{'); begin != std::string_view::npos;
       begin = json.find('{', begin)) {
    const std::size_t end = json.find('}', begin);
    objects.push_back(json.substr(begin, end - begin + 1));
    begin = end;
  }
  return objects;
}

}  // namespace

SimClient::SimClient(Context& context, Identity identity,
                     const std::vector<std::unique_ptr<SimEdgeNode>>& edges, Network& network,
                     SimStoreNode& store, const SimBackend& backend)
    : context_(context),
      identity_(std::move(identity)),
      edges_(edges),
      network_(network),
      store_(store),
      backend_(backend),
      cursor_(identity_.cursor) {
  history_.name = identity_.name;
  history_.project = identity_.project;
  history_.user_id = identity_.user_id;
}

void SimClient::Start() {
  Connect();
  ChangeLater();
}

void SimClient::ChangeLater() {
  const Duration about = context_.plan.change_every;
  if (about == Duration(0)) {
    return;
  }
  context_.scheduler.After(context_.random.UpTo(about * 2), life_, [this] {
    if (!gone_ && !settled_) {
      Change();
      ChangeLater();
    }
  });
}

void SimClient::Change() {
  StateUpdate update{.project = identity_.project, .user_id = identity_.user_id};
  update.change = MakeChange();
  const bool takes_ids = update.change.op <= StateOp::kDelete;
  if (takes_ids && update.change.ids.empty()) {
    return;
  }
  context_.trace.Step(
      identity_.name, "changes",
      {Trace::Text("op", NameOf(update.change.op)), {"up to", update.change.up_to}});
  network_.Call<store::AppendResults>(
      store_.server(), store_link_, life_, Millis(context_.random.Pick(100, 2'000)),
      [this, update](const CallerPtr& caller, Network::Done<store::AppendResults> done) {
        store_.Append(caller, {store::UpdateItem(update)}, std::move(done));
      },
      [this](const Result<store::AppendResults>& results) {
        const bool told = results.ok() && results->front().ok() && results->front()->updated;
        context_.coverage.Add(!told                                ? Seen::kChangeUnknown
                              : results->front()->updated->changed ? Seen::kChanged
                                                                   : Seen::kUnchanged);
      });
}

StateChange SimClient::MakeChange() {
  constexpr std::array kOps = {
      StateOp::kRead,    StateOp::kRead,       StateOp::kUnread, StateOp::kUnread,
      StateOp::kArchive, StateOp::kUnarchive,  StateOp::kDelete, StateOp::kReadAll,
      StateOp::kReadAll, StateOp::kArchiveAll, StateOp::kSeen,   StateOp::kPreferences,
  };
  Random& random = context_.random;
  StateChange change;
  change.op = kOps[random.Index(kOps.size())];
  // The newest most often: that is what people look at.
  const auto any = [&] {
    const std::size_t newest = std::min<std::size_t>(told_.size(), random.Chance(70) ? 4 : 40);
    return told_.empty() ? EntryId{0} : told_[told_.size() - 1 - random.Index(newest)];
  };
  if (change.op == StateOp::kPreferences) {
    if (random.Chance(60)) {
      change.muted_kinds = {random.Chance(50) ? "news" : "chat."};
    }
  } else if (change.op >= StateOp::kReadAll) {
    change.up_to = any();
    if (change.op != StateOp::kSeen && random.Chance(30)) {
      change.kind = random.Chance(50) ? "news" : "chat.";
    }
    change.only_read = change.op == StateOp::kArchiveAll && random.Chance(50);
  } else if (const EntryId id = any(); id != 0) {
    change.ids = {id};
  }
  return change;
}

void SimClient::Connect() {
  if (gone_ || connected()) {
    return;
  }
  SimEdgeNode& edge = *edges_[context_.random.Index(edges_.size())];
  context_.scheduler.After(context_.random.UpTo(context_.plan.connection_max), [this, &edge] {
    if (!gone_ && !connected()) {
      Open(edge);
    }
  });
}

void SimClient::Open(SimEdgeNode& edge) {
  if (!token_) {
    token_ = backend_.IssueToken(identity_.project, identity_.user_id);
  }
  auto connection = std::make_shared<SimConnection>(
      context_, SimConnection::ClientEnd{[this](std::string_view bytes) { OnBytes(bytes); },
                                         [this] { OnClosed(); }});
  auto life = edge.Accept({identity_.project, identity_.user_id, cursor_, identity_.batch, *token_},
                          connection);
  if (life == nullptr) {
    context_.coverage.Add(Seen::kConnectRefused);
    ConnectAgain(retry_);
    return;
  }
  context_.trace.Step(identity_.name, "connects",
                      {Trace::Text("edge", edge.name()),
                       {"cursor", cursor_.value_or(0)},
                       {"token", static_cast<std::uint64_t>(*token_)}});
  streams_.push_back({.client = identity_.name,
                      .project = identity_.project,
                      .user_id = identity_.user_id,
                      .issued_s = *token_,
                      .edge = std::move(life),
                      .opened_us = context_.scheduler.micros()});
  connection_ = std::move(connection);
  connected_life_ = NewLife();
  response_ = std::make_unique<http::ResponseReader>();
  parser_ = http::SseParser();
  within_frame_ = false;
  ++connections_;
  test::StreamEvent& opened = Record(Kind::kOpened);
  opened.cursor = cursor_.value_or(0);
  opened.resumed = cursor_.has_value();
  if (cursor_) {
    context_.coverage.Add(*cursor_ == 0 ? Seen::kFromTheBeginning : Seen::kResumed);
  }
  heard_ = context_.scheduler.now();
  WatchSilence();
  const Duration about = context_.plan.wander_every;
  context_.scheduler.After(context_.random.Between(about / 4, about * 2), connected_life_,
                           [this] { Wander(); });
}

void SimClient::Wander() {
  if (settled_) {
    return;
  }
  if (context_.random.Chance(kLeavePercent)) {
    Leave();
    return;
  }
  context_.trace.Step(identity_.name, "wanders on");
  Close();
  ConnectAgain(context_.random.UpTo(Millis(500)));
}

void SimClient::WatchSilence() {
  context_.scheduler.After(kSilenceLooksEvery, connected_life_, [this] {
    if (context_.scheduler.now() - heard_ < kSilenceMax) {
      WatchSilence();
      return;
    }
    context_.trace.Step(identity_.name, "hears nothing and gives up");
    Close();
    ConnectAgain(retry_);
  });
}

void SimClient::OnBytes(std::string_view bytes) {
  heard_ = context_.scheduler.now();
  within_frame_ = !bytes.ends_with("\r\n");  // each event is a chunk
  std::string body;
  BELFRY_CHECK(response_->Feed(bytes, &body).ok());
  parser_.Feed(body, [this](const http::SseEvent& event) { OnEvent(event); });
}

void SimClient::OnEvent(const http::SseEvent& event) {
  if (event.retry) {
    retry_ = *event.retry;
  }
  if (event.kind == http::SseEvent::Kind::kComment) {
    return;
  }
  if (event.has_id) {
    cursor_ = ToId(event.id);
  }
  if (event.kind == http::SseEvent::Kind::kEvent) {
    OnData(event);
  } else if (event.has_id) {
    context_.coverage.Add(Seen::kBookmarkTold);
    Record(Kind::kBookmark).cursor = *cursor_;
  }
}

void SimClient::OnData(const http::SseEvent& event) {
  context_.trace.Step(identity_.name, "is told",
                      {Trace::Text("event", event.event), {"cursor", cursor_.value_or(0)}});
  if (event.event == "connected") {
    test::StreamEvent& record = Record(Kind::kConnected);
    record.text = Member(event.data, "userId");
    TakeCount(event.data, record);
    streams_.back().connected_us = record.at_us;
  } else if (event.event == "bye") {
    OnBye(Member(event.data, "reason"));
  } else if (event.event == "reset") {
    OnReset(event);
  } else if (event.event == "state") {
    context_.coverage.Add(Seen::kStateTold);
    TakeCount(event.data, Record(Kind::kState));
  } else {
    const bool group = event.event == "notifications";
    context_.coverage.Add(group ? Seen::kGroupTold : Seen::kNotificationTold);
    test::StreamEvent& record = Record(Kind::kNotification);
    for (const std::string_view json : Objects(event.data)) {
      record.told.push_back(ReadTold(json));
      told_.push_back(record.told.back().id);
    }
  }
  if (event.has_id) {
    history_.events.back().cursor = *cursor_;
  }
}

void SimClient::OnReset(const http::SseEvent& event) {
  test::StreamEvent& record = Record(Kind::kReset);
  record.text = Member(event.data, "reason");
  record.oldest = ToId(Member(event.data, "oldestId"));
  TakeCount(event.data, record);
  context_.coverage.Add(record.text == "window_passed"  ? Seen::kResetWindowPassed
                        : record.text == "cursor_ahead" ? Seen::kResetCursorAhead
                                                        : Seen::kResetHistoryLost);
}

void SimClient::OnBye(std::string_view reason) {
  Record(Kind::kBye).text = reason;
  RecordEnd(reason);
  if (reason == "revoked") {
    return OnRevoked();
  }
  if (reason == "evicted") {
    // Its retry is longer than any run: nobody looks at this tab any more.
    context_.coverage.Add(Seen::kByeEvicted);
    gone_ = history_.left = true;
    return;
  }
  context_.coverage.Add(reason == "draining"     ? Seen::kByeDraining
                        : reason == "overloaded" ? Seen::kByeOverloaded
                                                 : Seen::kByeTokenExpired);
}

void SimClient::OnRevoked() {
  context_.coverage.Add(Seen::kByeRevoked);
  if (identity_.keeps_token) {
    history_.left = true;  // it receives nothing more
  } else if (settled_ || context_.random.Chance(kRenewPercent)) {
    context_.coverage.Add(Seen::kTokenRenewed);
    token_.reset();
    retry_ = kRetry;
    return;
  }
  context_.coverage.Add(Seen::kVoidTokenKept);
}

// By what came first.
void SimClient::RecordEnd(std::string_view bye) {
  StreamRecord& stream = streams_.back();
  if (!stream.ended_us) {
    stream.ended_us = context_.scheduler.micros();
    stream.bye = bye;
  }
}

void SimClient::OnClosed() {
  if (within_frame_) {
    context_.coverage.Add(Seen::kFrameCut);
  }
  context_.trace.Step(identity_.name, "is cut off");
  Record(Kind::kClosed);
  RecordEnd({});
  connection_.reset();
  connected_life_.reset();
  ConnectAgain(retry_);
}

void SimClient::Close() {
  if (connected()) {
    connection_->CloseByClient();
    Record(Kind::kClosed);
    RecordEnd({});
    connection_.reset();
    connected_life_.reset();
  }
}

void SimClient::ConnectAgain(Duration after) {
  const Duration wait = settled_ ? context_.random.UpTo(kSettledRetryMax) : after;
  context_.scheduler.After(wait, [this] { Connect(); });
}

void SimClient::Leave() {
  context_.trace.Step(identity_.name, "leaves for good");
  context_.coverage.Add(Seen::kLeft);
  gone_ = history_.left = true;
  Close();
}

void SimClient::Cut() {
  if (connected()) {
    connection_->Cut();
  }
}

void SimClient::LoseEdge() {
  if (connected()) {
    connection_->LoseEdge();
  }
}

void SimClient::LoseItself() {
  if (connected()) {
    connection_->LoseClient();
  }
}

void SimClient::ReadSlowly(std::size_t bytes, Duration every) {
  if (connected()) {
    connection_->ReadSlowly(bytes, every);
  }
}

void SimClient::ReadAll() {
  if (connected()) {
    connection_->ReadAll();
  }
}

void SimClient::Settle() {
  settled_ = true;
  ReadAll();
  Connect();
}

test::StreamEvent& SimClient::Record(Kind kind) {
  test::StreamEvent& event = history_.events.emplace_back();
  event.kind = kind;
  event.at_us = context_.scheduler.micros();
  event.connection = connections_;
  return event;
}

}  // namespace belfry::sim
