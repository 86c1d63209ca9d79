// SPDX-License-Identifier: Apache-2.0
// What an announcement looks like on NATS: its bytes with a header and a MAC over both, so that an
// edge takes only what its store sent, on the subject it was sent on. docs/announcements.md spells
// the bytes. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "libs/wire/announce/announce_keys.h"

namespace belfry::wire {

// The first byte of every message. Version 1 had no header and no MAC.
inline constexpr std::uint8_t kEnvelopeVersion = 2;
inline constexpr std::size_t kMacBytes = 32;

// `bytes` as they are published on `subject`. `history_id` and `subject`: 1 to 255 bytes.
std::string Seal(const AnnounceKey& key, std::string_view history_id, std::string_view subject,
                 std::string_view bytes);

// Why a message cannot be trusted.
enum class SealFault : std::uint8_t {
  kUnsigned,    // of version 1, without a MAC
  kVersion,     // of a version that is not known
  kMalformed,   // shorter than its own lengths say
  kUnknownKey,  // signed with a key that is not in the file
  kWrongMac,    // not what the key's owner signed
  kMoved,       // signed for another subject
};

// Both are parts of the message that was opened.
struct OpenedEnvelope {
  std::string_view history_id;  // of the store's log
  std::string_view bytes;
};

// Checks a message that came on `subject`.
std::variant<OpenedEnvelope, SealFault> Open(const AnnounceKeys& keys, std::string_view subject,
                                             std::string_view message);

}  // namespace belfry::wire
