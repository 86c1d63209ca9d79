// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/history.h"

#include "libs/common/text.h"

namespace belfry::test {
namespace {

// Of an event with more, only the first and the last are shown.
constexpr std::size_t kToldShown = 4;

std::string Millis(std::int64_t micros) { return std::to_string(micros / 1000) + " ms"; }

std::string Feed(const std::string& project, const std::string& user_id) {
  return Plain(project) + "/" + (user_id.empty() ? "*" : Plain(user_id));
}

std::string ToString(const Told& told) {
  return " [" + std::to_string(told.id) + " " + Quoted(told.tag) + " for " +
         Feed(told.project, told.user_id) + "]";
}

}  // namespace

std::string_view NameOf(StreamEvent::Kind kind) {
  switch (kind) {
    case StreamEvent::Kind::kOpened:
      return "opened";
    case StreamEvent::Kind::kConnected:
      return "connected";
    case StreamEvent::Kind::kNotification:
      return "notification";
    case StreamEvent::Kind::kState:
      return "state";
    case StreamEvent::Kind::kBookmark:
      return "bookmark";
    case StreamEvent::Kind::kReset:
      return "reset";
    case StreamEvent::Kind::kBye:
      return "bye";
    case StreamEvent::Kind::kRefused:
      return "refused";
    case StreamEvent::Kind::kClosed:
      return "closed";
  }
  return "?";
}

std::string_view NameOf(Publish::Outcome outcome) {
  switch (outcome) {
    case Publish::Outcome::kUnknown:
      return "unknown";
    case Publish::Outcome::kAcknowledged:
      return "acknowledged";
    case Publish::Outcome::kRejected:
      return "rejected";
  }
  return "?";
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted;
}

std::string Plain(std::string_view text) {
  const std::string quoted = Quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string ToString(const StreamEvent& event) {
  std::string line = Millis(event.at_us) + " ";
  if (event.connection != 0) {
    line += "#" + std::to_string(event.connection) + " ";
  }
  line += NameOf(event.kind);
  if (event.cursor != 0) {
    line += " cursor=" + std::to_string(event.cursor);
  }
  if (event.kind == StreamEvent::Kind::kOpened && event.resumed) {
    line += " resumed";
  }
  if (event.oldest != 0) {
    line += " oldest=" + std::to_string(event.oldest);
  }
  if (!event.text.empty()) {
    line += " " + Quoted(event.text);
  }
  const std::size_t count = event.told.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (count > kToldShown && i == kToldShown - 1) {
      line += " ... " + std::to_string(count - kToldShown) + " more ...";
      i = count - 1;
    }
    line += ToString(event.told[i]);
  }
  return line;
}

std::string ToString(const Publish& publish) {
  std::string line = Millis(publish.asked_us) + " publish " + Quoted(publish.tag) + " for " +
                     Feed(publish.project, publish.user_id) + " -> " +
                     std::string(NameOf(publish.outcome));
  for (const EntryId id : publish.ids) {
    line += " " + std::to_string(id);
  }
  line += " at " + Millis(publish.answered_us);
  if (publish.expires_us != 0) {
    line += ", expires at " + Millis(publish.expires_us);
  }
  return line;
}

std::string ToString(const Stored& stored) {
  std::string line = "stored in partition " + std::to_string(stored.partition) + ": " +
                     std::to_string(stored.id) + " after " + std::to_string(stored.prev) + " " +
                     Quoted(stored.tag) + " for " + Feed(stored.project, stored.user_id);
  if (stored.broadcast_id != 0) {
    line += " of broadcast " + std::to_string(stored.broadcast_id);
  }
  return line;
}

}  // namespace belfry::test
