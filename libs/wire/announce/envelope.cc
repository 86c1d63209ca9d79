// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/announce/envelope.h"

#include <optional>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {
namespace {

constexpr std::size_t kPartBytesMax = 255;

void AppendPart(std::string& message, std::string_view part) {
  BELFRY_CHECK(!part.empty() && part.size() <= kPartBytesMax);
  message.push_back(static_cast<char>(part.size()));
  message.append(part);
}

// Takes a part off the front; std::nullopt: there is no whole one.
std::optional<std::string_view> TakePart(std::string_view& rest) {
  if (rest.empty()) {
    return std::nullopt;
  }
  const std::size_t size = static_cast<unsigned char>(rest.front());
  if (size == 0 || rest.size() < 1 + size) {
    return std::nullopt;
  }
  const std::string_view part = rest.substr(1, size);
  rest.remove_prefix(1 + size);
  return part;
}

// A serialized LogBatch, LogHead or BroadcastBody of version 1 is empty or begins with the tag of
// field 1 or 2.
bool IsUnsigned(std::string_view message) {
  constexpr std::string_view kTags("\x08\x0a\x10\x12");
  return message.empty() || kTags.find(message.front()) != std::string_view::npos;
}

}  // namespace

std::string Seal(const AnnounceKey& key, std::string_view history_id, std::string_view subject,
                 std::string_view bytes) {
  std::string message;
  message.reserve(4 + key.id.size() + history_id.size() + subject.size() + bytes.size() +
                  kMacBytes);
  message.push_back(static_cast<char>(kEnvelopeVersion));
  AppendPart(message, key.id);
  AppendPart(message, history_id);
  AppendPart(message, subject);
  message.append(bytes);
  message.append(key.mac.Sign(message));
  return message;
}

std::variant<OpenedEnvelope, SealFault> Open(const AnnounceKeys& keys, std::string_view subject,
                                             std::string_view message) {
  if (IsUnsigned(message)) {
    return SealFault::kUnsigned;
  }
  if (static_cast<std::uint8_t>(message.front()) != kEnvelopeVersion) {
    return SealFault::kVersion;
  }
  if (message.size() < 1 + kMacBytes) {
    return SealFault::kMalformed;
  }
  const std::string_view signed_part = message.substr(0, message.size() - kMacBytes);
  std::string_view rest = signed_part.substr(1);
  const auto key_id = TakePart(rest);
  const auto history_id = key_id ? TakePart(rest) : std::nullopt;
  const auto signed_subject = history_id ? TakePart(rest) : std::nullopt;
  if (!signed_subject) {
    return SealFault::kMalformed;
  }
  const AnnounceKey* key = keys.Find(*key_id);
  if (key == nullptr && !Planted(PlantedFault::kMacNotChecked)) {
    return SealFault::kUnknownKey;
  }
  if (!Planted(PlantedFault::kMacNotChecked) &&
      !ConstantTimeEqual(key->mac.Sign(signed_part), message.substr(signed_part.size()))) {
    return SealFault::kWrongMac;
  }
  if (*signed_subject != subject) {
    return SealFault::kMoved;
  }
  return OpenedEnvelope{*history_id, rest};
}

}  // namespace belfry::wire
