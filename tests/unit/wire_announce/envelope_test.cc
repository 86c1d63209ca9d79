// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/announce/envelope.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "libs/common/hex.h"
#include "tests/support/announce_keys.h"

namespace belfry::wire {
namespace {

constexpr std::string_view kSubject = "belfry.v1.log.7";

std::optional<SealFault> FaultOf(const AnnounceKeys& keys, std::string_view message,
                                 std::string_view subject = kSubject) {
  const auto opened = Open(keys, subject, message);
  return std::holds_alternative<SealFault>(opened) ? std::optional(std::get<SealFault>(opened))
                                                   : std::nullopt;
}

class EnvelopeTest : public testing::Test {
 protected:
  const AnnounceKey first_{"first", std::string(32, 'a')};
  const AnnounceKey second_{"second", std::string(40, 'b')};
  const AnnounceKeys keys_{{first_, second_}};
};

TEST_F(EnvelopeTest, WhatWasSealedIsOpenedWithAnyOfTheKeys) {
  const std::string bytes("any\0bytes\r\n\xFF", 12);
  for (const AnnounceKey& key : {first_, second_}) {
    const std::string message = Seal(key, "history", kSubject, bytes);
    const auto opened = Open(keys_, kSubject, message);
    ASSERT_TRUE(std::holds_alternative<OpenedEnvelope>(opened));
    EXPECT_EQ(std::get<OpenedEnvelope>(opened).history_id, "history");
    EXPECT_EQ(std::get<OpenedEnvelope>(opened).bytes, bytes);
  }
  EXPECT_EQ(FaultOf(keys_, Seal(first_, "history", kSubject, "")), std::nullopt) << "no bytes";
}

// docs/announcements.md spells these bytes; another implementation made the MAC.
TEST_F(EnvelopeTest, HasTheBytesThatTheDocumentSays) {
  EXPECT_EQ(HexEncode(Seal({"main", std::string(32, 'k')}, "h1", "belfry.v1.head.0", "\x10\x05")),
            "02046d61696e02683110"
            "62656c6672792e76312e686561642e30"
            "1005"
            "664b6895175d2816a1f87ad39e6a710ad504d8404d87e31e785e1e3898c45086");
}

TEST_F(EnvelopeTest, AChangeOfAnyBitIsNoticed) {
  const std::string message = Seal(first_, "history", kSubject, "bytes");
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    std::string changed = message;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(FaultOf(keys_, changed), std::nullopt) << "bit " << bit;
  }
}

TEST_F(EnvelopeTest, WhatIsCutOffOrAddedIsNoticed) {
  const std::string message = Seal(first_, "history", kSubject, "bytes");
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_NE(FaultOf(keys_, message.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(FaultOf(keys_, message + "x"), SealFault::kWrongMac);
}

TEST_F(EnvelopeTest, SaysWhatIsWrong) {
  const std::string message = Seal(first_, "history", kSubject, "bytes");
  EXPECT_EQ(FaultOf(keys_, message, "belfry.v1.log.8"), SealFault::kMoved);
  EXPECT_EQ(FaultOf(keys_, Seal({"third", std::string(32, 'a')}, "history", kSubject, "bytes")),
            SealFault::kUnknownKey);
  EXPECT_EQ(FaultOf(keys_, Seal({"first", std::string(32, 'c')}, "history", kSubject, "bytes")),
            SealFault::kWrongMac);
  // A key of another length is not padded to one of ours.
  EXPECT_EQ(FaultOf(keys_, Seal({"first", std::string(33, 'a')}, "history", kSubject, "bytes")),
            SealFault::kWrongMac);
  EXPECT_EQ(FaultOf(keys_, "\x03" + message.substr(1)), SealFault::kVersion);
  EXPECT_EQ(FaultOf(keys_, "\x02"), SealFault::kMalformed);
  EXPECT_EQ(FaultOf(keys_, "\x02" + std::string(60, '\xFF')), SealFault::kMalformed);
  for (const char* old : {"", "\x08\x01", "\x0a\x02xx", "\x10\x05"}) {
    EXPECT_EQ(FaultOf(keys_, old), SealFault::kUnsigned);
  }
}

}  // namespace
}  // namespace belfry::wire
