// SPDX-License-Identifier: Apache-2.0
// Notifications as JSON. First a byte, then
//   j: JSON, as a producer writes it: read as protobuf reads it, and written as it was read;
//   p: created||expires||broadcast id||payload, as an entry of the log carries it: whatever it
//      holds, it becomes one line of JSON, or is refused.
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <string>
#include <string_view>

#include "belfry/v1/notification.pb.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

using google::protobuf::util::MessageDifferencer;

// One line that every reader of JSON reads.
void CheckLine(const std::string& json) {
  BELFRY_PROMISE(json.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, json);
  BELFRY_PROMISE(IsUtf8(json), json);
  for (const char* separator : {"\u0085", "\u2028", "\u2029", "\x7F", "\x1B"}) {
    BELFRY_PROMISE(json.find(separator) == std::string::npos, json);
  }
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = 256;
  const auto value = boost::json::parse(json, error, {}, options);
  BELFRY_PROMISE(!error && value.is_object(), json);
}

// The entry that holds `notification`, without what the entry has itself.
Entry EntryOf(v1::Notification notification) {
  Entry entry;
  entry.id = std::max<EntryId>(notification.id(), 1);
  entry.project = notification.project();
  entry.user_id = notification.user_id();
  entry.broadcast_id = notification.broadcast_id();
  notification.clear_id();
  notification.clear_project();
  notification.clear_user_id();
  notification.clear_broadcast_id();
  entry.payload = notification.SerializeAsString();
  return entry;
}

void CheckRefusal(const Error& error, std::string_view json) {
  BELFRY_PROMISE(error.code == Code::kInvalidArgument, json);
  BELFRY_PROMISE(!error.message.empty(), json);
  for (const FieldViolation& violation : error.violations) {
    BELFRY_PROMISE(!violation.description.empty(), json);
  }
}

void TryJson(std::string_view json) {
  v1::Notification read;
  const Status status = wire::ParseNotificationJson(json, &read);
  if (!status.ok()) {
    return CheckRefusal(status.error(), json);
  }
  v1::Notification by_protobuf;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), static_cast<std::ptrdiff_t>(json.size())),
      &by_protobuf);
  BELFRY_PROMISE(parsed.ok(), json);
  BELFRY_PROMISE(MessageDifferencer::Equals(read, by_protobuf), json, read.ShortDebugString(),
                 by_protobuf.ShortDebugString());
  // These are fields of the entry.
  read.clear_created_at();
  read.clear_expires_at();
  read.clear_read_at();
  read.clear_archived_at();
  read.clear_collapsed_count();
  read.clear_replaces();
  const auto written = wire::NotificationJson(EntryOf(read));
  if (!written.ok()) {
    BELFRY_PROMISE(written.error().code == Code::kDataLoss, json);
    return;
  }
  CheckLine(*written);
  v1::Notification again;
  BELFRY_PROMISE(wire::ParseNotificationJson(*written, &again).ok(), json, *written);
  if (read.id() == 0) {
    read.set_id(1);
  }
  BELFRY_PROMISE(MessageDifferencer::Equals(again, read), json, *written);
}

void TryPayload(Input parts) {
  Entry entry;
  entry.id = 1;
  entry.created_us = static_cast<std::int64_t>(parts.Number());
  entry.expires_us = static_cast<std::int64_t>(parts.Number());
  entry.broadcast_id = parts.Number();
  entry.project = "demo";
  entry.user_id = parts.Rest().substr(0, 8);
  entry.payload = parts.Rest();
  const auto json = wire::NotificationJson(entry);
  if (!json.ok()) {
    BELFRY_PROMISE(json.error().code == Code::kDataLoss, entry.payload.str());
    return;
  }
  CheckLine(*json);
  BELFRY_PROMISE(*wire::NotificationJson(entry) == *json, entry.payload.str());
}

}  // namespace

void Try(std::string_view input) {
  static const google::protobuf::LogSilencer silencer;  // it writes a line for each wrong string
  Input parts(input);
  if (parts.Byte() == 'j') {
    TryJson(parts.Rest());
  } else {
    TryPayload(parts);
  }
}

}  // namespace belfry::fuzz
