// SPDX-License-Identifier: Apache-2.0
// Hostile text through the SSE encoder, read back as a browser reads it: cut pattern (one byte),
// then id||user||JSON||data. The same in chunks is the same text, however it is cut.
#include <boost/json/parse.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/text.h"
#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"
#include "services/edge/core/sse_encoder.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

using http::SseEvent;
using Kind = http::SseEvent::Kind;

// As a browser joins a block's data lines: CR LF, CR and LF become LF each.
std::string Joined(std::string_view text) {
  std::string changed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n") {
      changed += '\n';
      ++i;
    } else {
      changed += text[i] == '\r' || text[i] == '\n' ? '\n' : text[i];
    }
  }
  return http::DecodeUtf8(changed);
}

std::string BytesOf(const edge::Event& event) {
  std::string bytes;
  edge::SseEncoder().Append(event, bytes);
  return bytes;
}

// What a client must receive, and the bytes that deliver it.
class Script {
 public:
  void Add(const edge::Event& event, Kind kind, std::string name, std::string data) {
    bytes_ += BytesOf(event);
    edge::ChunkedSseEncoder().Append(event, chunks_);
    SseEvent told;
    told.kind = kind;
    told.event = std::move(name);
    told.data = std::move(data);
    if (kind != Kind::kComment) {
      told.has_id = event.id.has_value();
      if (told.has_id) {
        id_ = std::to_string(*event.id);
      }
      told.id = id_;
    }
    expected_.push_back(std::move(told));
  }

  void Check(std::uint8_t pattern) const {
    std::vector<SseEvent> told;
    http::SseParser parser;
    for (Pieces pieces(bytes_, pattern); !pieces.empty();) {
      const bool read =
          parser.Feed(pieces.Next(), [&told](const SseEvent& event) { told.push_back(event); });
      BELFRY_PROMISE(read);
    }
    BELFRY_PROMISE(told.size() == expected_.size(), bytes_);
    for (std::size_t i = 0; i < told.size(); ++i) {
      BELFRY_PROMISE(told[i].kind == expected_[i].kind, bytes_);
      BELFRY_PROMISE(told[i].event == expected_[i].event, bytes_);
      BELFRY_PROMISE(told[i].data == expected_[i].data, told[i].data, expected_[i].data);
      BELFRY_PROMISE(told[i].id == expected_[i].id, bytes_);
      BELFRY_PROMISE(told[i].has_id == expected_[i].has_id, bytes_);
      BELFRY_PROMISE(told[i].retry.has_value() == (told[i].event == "bye"), bytes_);
    }
    BELFRY_PROMISE(parser.last_event_id() == id_, bytes_);
    CheckChunks(pattern);
  }

  void CheckChunks(std::uint8_t pattern) const {
    const std::string all = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks_;
    http::ResponseReader reader;
    std::string body;
    for (Pieces pieces(all, pattern); !pieces.empty();) {
      BELFRY_PROMISE(reader.Feed(pieces.Next(), &body).ok(), chunks_);
    }
    BELFRY_PROMISE(bytes_.starts_with(body), chunks_);
    BELFRY_PROMISE(reader.done() == (chunks_.find("\r\n0\r\n\r\n") != std::string::npos), chunks_);
  }

 private:
  std::string bytes_;
  std::string chunks_;
  std::string id_;  // what the client's cursor is by now
  std::vector<SseEvent> expected_;
};

// `connected` carries the user's name inside JSON.
void AddConnected(std::string_view user, Script* script) {
  edge::Connected connected;
  connected.connection_id = "c1";
  connected.user_id = user;
  const edge::EventPtr event = edge::ConnectedEvent(std::nullopt, connected);
  const std::string data = http::DecodeUtf8(event->json());
  boost::json::error_code error;
  const auto json = boost::json::parse(data, error);
  BELFRY_PROMISE(!error && json.is_object(), data);
  // No other name is let in; of one that is not UTF-8 something stands there.
  BELFRY_PROMISE(!IsUtf8(user) || json.as_object().at("userId").as_string() == user, data);
  script->Add(*event, Kind::kEvent, "connected", data);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::uint8_t pattern = parts.Byte();
  const EntryId id = parts.Number();
  const std::string_view user = parts.Part();
  const std::string_view json = parts.Part();
  const std::string_view data = parts.Rest();

  Script script;
  Entry entry;
  entry.id = id;
  script.Add(edge::EntryEvent(entry, edge::EventKind::kState, std::string(data)), Kind::kEvent,
             "state", Joined(data));
  script.Add(*edge::HeartbeatEvent(), Kind::kComment, "", " hb");
  const auto one = std::make_shared<const edge::Event>(
      edge::EntryEvent(entry, edge::EventKind::kNotification, std::string(json)));
  script.Add(*one, Kind::kEvent, "notification", Joined(json));
  const std::vector<edge::EventPtr> two = {one, one};
  script.Add(*edge::GroupEvent(two), Kind::kEvent, "notifications",
             Joined("[" + std::string(json) + "," + std::string(json) + "]"));
  AddConnected(user, &script);
  script.Add(*edge::BookmarkEvent(id), Kind::kSilent, "message", "");
  script.Add(*edge::ByeEvent(edge::ByeReason::kDraining, std::chrono::milliseconds(id % 100'000)),
             Kind::kEvent, "bye", R"({"reason":"draining"})");
  entry.id = 7;
  script.Add(edge::EntryEvent(entry, edge::EventKind::kState, "ok"), Kind::kEvent, "state", "ok");
  script.Check(pattern);
}

}  // namespace belfry::fuzz
