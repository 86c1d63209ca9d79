// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/history.h"

#include <string_view>

namespace belfry::test {
namespace {

std::string_view KindName(StreamEvent::Kind kind) {
  switch (kind) {
    case StreamEvent::Kind::kOpened:
      return "opened";
    case StreamEvent::Kind::kConnected:
      return "connected";
    case StreamEvent::Kind::kNotification:
      return "notification";
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

std::string_view OutcomeName(Publish::Outcome outcome) {
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

std::string Seconds(std::int64_t micros) { return std::to_string(micros / 1000) + " ms"; }

}  // namespace

std::string ToString(const StreamEvent& event) {
  std::string line = Seconds(event.at_us) + " " + std::string(KindName(event.kind));
  if (event.cursor != 0) line += " cursor=" + std::to_string(event.cursor);
  if (event.kind == StreamEvent::Kind::kOpened && event.resumed) line += " resumed";
  if (event.oldest != 0) line += " oldest=" + std::to_string(event.oldest);
  if (!event.text.empty()) line += " '" + event.text + "'";
  for (const Told& told : event.told) {
    line += " [" + std::to_string(told.id) + " '" + told.tag + "' for " + told.project + "/" +
            (told.user_id.empty() ? "*" : told.user_id) + "]";
  }
  return line;
}

std::string ToString(const Publish& publish) {
  std::string line = Seconds(publish.asked_us) + " publish '" + publish.tag + "' for " +
                     publish.project + "/" + (publish.user_id.empty() ? "*" : publish.user_id) +
                     " -> " + std::string(OutcomeName(publish.outcome));
  for (const EntryId id : publish.ids) line += " " + std::to_string(id);
  return line + " at " + Seconds(publish.answered_us);
}

}  // namespace belfry::test
