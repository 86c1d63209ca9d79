// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/sse_client.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "belfry/v1/notification.pb.h"

namespace belfry::test {
namespace {

using Kind = StreamEvent::Kind;

google::protobuf::util::JsonParseOptions Lenient() {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return options;
}

std::optional<Told> ReadNotification(std::string_view json) {
  v1::Notification notification;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), &notification, Lenient())
           .ok()) {
    return std::nullopt;
  }
  return Told{notification.id(), notification.project(), notification.user_id(),
              notification.title(), notification.broadcast_id()};
}

// A member of a JSON object as text; empty if it is not there.
std::string Member(std::string_view json, const std::string& name) {
  google::protobuf::Struct object;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), &object).ok()) {
    return {};
  }
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? std::string() : found->second.string_value();
}

// The count in `connected` and `reset`.
void TakeCount(std::string_view json, StreamEvent& event) {
  google::protobuf::Struct object;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), &object).ok()) {
    return;
  }
  const auto counts = object.fields().find("counts");
  if (counts == object.fields().end()) {
    return;
  }
  const auto& fields = counts->second.struct_value().fields();
  const auto unread = fields.find("unreadCount");
  const auto up_to = fields.find("upTo");
  if (unread != fields.end() && up_to != fields.end()) {
    event.unread = static_cast<std::int64_t>(unread->second.number_value());
    event.up_to = std::strtoull(up_to->second.string_value().c_str(), nullptr, 10);
  }
}

// The elements of a JSON array of objects.
std::vector<std::string> Elements(std::string_view json) {
  google::protobuf::ListValue list;
  std::vector<std::string> elements;
  if (!google::protobuf::util::JsonStringToMessage(std::string(json), &list).ok()) {
    return elements;
  }
  for (const auto& value : list.values()) {
    std::string element;
    if (google::protobuf::util::MessageToJsonString(value, &element).ok()) {
      elements.push_back(std::move(element));
    }
  }
  return elements;
}

EntryId ToId(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

}  // namespace

SseClient::SseClient(SseClientOptions options) : options_(std::move(options)) {
  history_.name = options_.name;
  history_.project = options_.project;
  history_.user_id = options_.user_id;
  if (options_.cursor) {
    has_cursor_ = true;
    cursor_ = *options_.cursor;
    start_ = cursor_;
  }
}

const Endpoint& SseClient::NextEdge() {
  return options_.edges[next_edge_++ % options_.edges.size()];
}

std::string SseClient::Opened() {
  ++connections_;
  connected_ = head_taken_ = false;
  response_ = std::make_unique<http::ResponseReader>();
  parser_ = http::SseParser();
  StreamEvent& record = Record(Kind::kOpened);
  record.cursor = cursor_;
  record.resumed = has_cursor_;
  std::string request = "GET /v1/stream" + (options_.query.empty() ? "" : "?" + options_.query) +
                        " HTTP/1.1\r\nHost: edge\r\nAccept: text/event-stream\r\n" +
                        "Authorization: Bearer " + options_.token + "\r\n";
  if (has_cursor_) {
    request += "Last-Event-ID: " + std::to_string(cursor_) + "\r\n";
  }
  return request + "\r\n";
}

bool SseClient::Received(std::string_view bytes) {
  std::string body;
  if (!response_->Feed(bytes, &body).ok()) {
    return false;
  }
  if (!response_->head_done()) {
    return true;
  }
  if (!std::exchange(head_taken_, true) && !TakeHead()) {
    return false;
  }
  return parser_.Feed(body, [this](const http::SseEvent& event) { OnEvent(event); });
}

bool SseClient::TakeHead() {
  if (response_->status() == 200) {
    return true;
  }
  Record(Kind::kRefused).text = "HTTP/1.1 " + std::to_string(response_->status());
  return false;
}

void SseClient::OnEvent(const http::SseEvent& event) {
  if (event.retry) {
    retry_ = *event.retry;
  }
  if (event.kind == http::SseEvent::Kind::kComment) {
    return;
  }
  if (options_.on_event) {
    options_.on_event(event);
  }
  if (event.has_id) {
    has_cursor_ = true;
    cursor_ = ToId(event.id);
    if (!start_) {
      start_ = cursor_;
    }
  }
  if (event.kind == http::SseEvent::Kind::kEvent) {
    OnData(event);
  } else if (event.has_id) {
    Record(Kind::kBookmark).cursor = cursor_;
  }
}

void SseClient::OnData(const http::SseEvent& event) {
  if (event.event == "bye") {
    Record(Kind::kBye).text = Member(event.data, "reason");
    return;
  }
  if (event.event == "connected") {
    connected_ = true;
    StreamEvent& record = Record(Kind::kConnected);
    record.text = Member(event.data, "userId");
    TakeCount(event.data, record);
  } else if (event.event == "reset") {
    StreamEvent& record = Record(Kind::kReset);
    record.text = Member(event.data, "reason");
    record.oldest = ToId(Member(event.data, "oldestId"));
    TakeCount(event.data, record);
    if (event.has_id) {
      reset_ = std::max(reset_, cursor_);
    }
  } else if (event.event == "state") {
    TakeCount(event.data, Record(Kind::kState));
  } else if (event.event == "notification" || event.event == "notifications") {
    RecordTold(event);
  } else {
    Record(Kind::kBookmark);  // an event that we do not know moves the cursor like any other
  }
  if (event.has_id) {
    history_.events.back().cursor = cursor_;
  }
}

void SseClient::RecordTold(const http::SseEvent& event) {
  StreamEvent& record = Record(Kind::kNotification);
  const bool several = event.event == "notifications";
  for (const std::string& json :
       several ? Elements(event.data) : std::vector<std::string>{event.data}) {
    // What cannot be read is recorded as a notification that nobody published.
    Told told = ReadNotification(json).value_or(Told{0, "", "", "unreadable: " + json, 0});
    ids_.insert(told.id);
    ++told_;
    record.told.push_back(std::move(told));
  }
}

void SseClient::Closed() {
  connected_ = false;
  Record(Kind::kClosed);
}

void SseClient::Left() { history_.left = true; }

StreamEvent& SseClient::Record(Kind kind) {
  StreamEvent& event = history_.events.emplace_back();
  event.kind = kind;
  event.at_us = SteadyMicros();
  event.connection = connections_;
  return event;
}

}  // namespace belfry::test
