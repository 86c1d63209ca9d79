// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/wire_codec/random_notification.h"

#include <google/protobuf/struct.pb.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "belfry/v1/notification.pb.h"

namespace belfry::wire::test {
namespace {

using google::protobuf::Struct;
using google::protobuf::Timestamp;
using google::protobuf::Value;

constexpr std::array<std::string_view, 28> kPieces = {
    "\r\n\r\n",
    "\n",
    "\r",
    std::string_view("\0", 1),
    "\ndata: x\n\n",
    "id: 9\n",
    "\"",
    "\\",
    "\\u0000",
    "</script><script>",
    "\x01\x1F\x7F",
    "\x1B[2J",
    "\xC2\x85",
    "\xC2\x9B",
    "\xE2\x80\xA8",
    "\xE2\x80\xA9",
    "\xEF\xBB\xBF",
    "\xE2\x80\xAE",
    "\xF0\x9F\x94\x94",
    "\xF4\x8F\xBF\xBF",
    "\xEF\xBF\xBF",
    "\xC3\xA9",
    "{\"a\":1}",
    "'",
    ": hb",
    "plain",
    " ",
    "\t",
};

void FillTimestamp(std::mt19937_64& random, Timestamp* stamp) {
  constexpr std::array<std::int64_t, 6> kSeconds = {
      0, -1, 951'782'400, 1'700'000'000, -62'135'596'800, 253'402'300'799};
  stamp->set_seconds(kSeconds[random() % kSeconds.size()]);
  constexpr std::array<std::int32_t, 6> kNanos = {0, 1, 120'000'000, 120'000, 999'999'999, 5'000};
  stamp->set_nanos(kNanos[random() % kNanos.size()]);
}

double AnyDouble(std::mt19937_64& random) {
  constexpr std::array<double, 10> kEdges = {0.0,
                                             -0.0,
                                             1.0,
                                             0.1,
                                             1e21,
                                             5e-324,
                                             std::numeric_limits<double>::max(),
                                             1.0 / 3,
                                             -1e15,
                                             9'007'199'254'740'992.0};
  const double any = std::bit_cast<double>(random());
  return random() % 2 == 0 || !std::isfinite(any) ? kEdges[random() % kEdges.size()] : any;
}

void FillStruct(std::mt19937_64& random, int depth, Struct* object);

void FillValue(std::mt19937_64& random, int depth, Value* value) {
  switch (random() % (depth > 0 ? 6 : 4)) {
    case 0:
      return value->set_null_value(google::protobuf::NULL_VALUE);
    case 1:
      return value->set_number_value(AnyDouble(random));
    case 2:
      return value->set_string_value(HostileText(random));
    case 3:
      return value->set_bool_value(random() % 2 == 0);
    case 4:
      return FillStruct(random, depth - 1, value->mutable_struct_value());
    default:
      value->mutable_list_value();
      for (std::uint64_t i = random() % 4; i > 0; --i) {
        FillValue(random, depth - 1, value->mutable_list_value()->add_values());
      }
  }
}

void FillStruct(std::mt19937_64& random, int depth, Struct* object) {
  for (std::uint64_t i = random() % 5; i > 0; --i) {
    FillValue(random, depth, &(*object->mutable_fields())[HostileText(random)]);
  }
}

}  // namespace

std::string HostileText(std::mt19937_64& random) {
  std::string text;
  for (std::uint64_t i = random() % 6; i > 0; --i) {
    text += kPieces[random() % kPieces.size()];
  }
  return text;
}

void FillNotification(std::mt19937_64& random, v1::Notification* notification) {
  const auto coin = [&random] { return random() % 2 == 0; };
  notification->set_kind(HostileText(random));
  notification->set_level(coin() ? "info" : "");
  notification->set_title(HostileText(random));
  notification->set_body(HostileText(random));
  notification->set_actor_id(HostileText(random));
  notification->set_subject_type(HostileText(random));
  notification->set_subject_id(HostileText(random));
  notification->set_action_url(HostileText(random));
  notification->set_image_url(HostileText(random));
  if (coin()) {
    notification->mutable_meta();
    FillStruct(random, 4, notification->mutable_meta());
  }
  if (coin()) {
    FillTimestamp(random, notification->mutable_read_at());
  }
  if (coin()) {
    FillTimestamp(random, notification->mutable_archived_at());
  }
}

}  // namespace belfry::wire::test
