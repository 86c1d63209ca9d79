// SPDX-License-Identifier: Apache-2.0
// Hostile text through the frame writer, read back as a browser reads it: cut pattern (one byte),
// then id||comment||JSON||data.
#include <boost/json/parse.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/sse_parser.h"
#include "services/edge/core/sse.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

using http::SseEvent;
using Kind = http::SseEvent::Kind;

// CR LF, CR and LF become `end` each.
std::string WithLineEnds(std::string_view text, std::string_view crlf, char end) {
  std::string changed;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "\r\n") {
      changed += crlf;
      ++i;
    } else {
      changed += text[i] == '\r' || text[i] == '\n' ? end : text[i];
    }
  }
  return changed;
}

// As a browser joins a frame's data lines.
std::string Joined(std::string_view text) {
  return http::DecodeUtf8(WithLineEnds(text, "\n", '\n'));
}

std::string OnOneLine(std::string_view text) {
  return http::DecodeUtf8(WithLineEnds(text, "  ", ' '));
}

// What a client must be told, and the bytes that tell it.
class Script {
 public:
  void Add(const edge::FramePtr& frame, Kind kind, std::string event, std::string data) {
    bytes_ += frame->bytes;
    SseEvent told;
    told.kind = kind;
    told.event = std::move(event);
    told.data = std::move(data);
    if (kind != Kind::kComment) {
      told.has_id = frame->id != 0;
      if (told.has_id) id_ = std::to_string(frame->id);
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
  }

 private:
  std::string bytes_;
  std::string id_;  // what the client's cursor is by now
  std::vector<SseEvent> expected_;
};

// `connected` carries the user's name inside JSON.
void AddConnected(std::string_view user, Script* script) {
  edge::Connected connected;
  connected.connection_id = "c1";
  connected.user_id = user;
  const edge::FramePtr frame = edge::ConnectedFrame(std::nullopt, connected);
  std::string data = http::DecodeUtf8(frame->bytes.substr(frame->bytes.find("data: ") + 6));
  data.resize(data.size() - 2);
  boost::json::error_code error;
  const auto json = boost::json::parse(data, error);
  BELFRY_PROMISE(!error && json.is_object(), data);
  BELFRY_PROMISE(json.as_object().at("userId").as_string() == http::DecodeUtf8(user), data);
  script->Add(frame, Kind::kEvent, "connected", data);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::uint8_t pattern = parts.Byte();
  const EntryId id = parts.Number();
  const std::string_view comment = parts.Part();
  const std::string_view json = parts.Part();
  const std::string_view data = parts.Rest();

  Script script;
  script.Add(edge::EventFrame("e", id, data), Kind::kEvent, "e", Joined(data));
  script.Add(edge::CommentFrame(comment), Kind::kComment, "", " " + OnOneLine(comment));
  Entry entry;
  entry.id = id;
  const edge::FramePtr one = edge::NotificationFrame(entry, json, {});
  script.Add(one, Kind::kEvent, "notification", OnOneLine(json));
  const std::vector<edge::FramePtr> two = {one, one};
  script.Add(edge::GroupFrame(two), Kind::kEvent, "notifications",
             "[" + OnOneLine(json) + "," + OnOneLine(json) + "]");
  AddConnected(comment, &script);
  if (id != 0) script.Add(edge::BookmarkFrame(id), Kind::kSilent, "message", "");
  script.Add(edge::ByeFrame(edge::ByeReason::kDraining, std::chrono::milliseconds(id % 100'000)),
             Kind::kEvent, "bye", R"({"reason":"draining"})");
  script.Add(edge::EventFrame("last", 7, "ok"), Kind::kEvent, "last", "ok");
  script.Check(pattern);
}

}  // namespace belfry::fuzz
