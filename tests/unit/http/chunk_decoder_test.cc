// SPDX-License-Identifier: Apache-2.0
#include "libs/http/chunk_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace belfry::http {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  State state = State::kMore;
  std::string body;
  std::string rest;

  bool operator==(const Decoded&) const = default;
};

Decoded DecodeIn(std::string_view bytes, std::size_t step, ChunkDecoder::Limits limits) {
  ChunkDecoder decoder(limits);
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    decoded.state = decoder.Feed(&piece, &decoded.body);
    decoded.rest += piece;
  }
  return decoded;
}

// The same however the bytes are cut.
Decoded Decode(std::string_view bytes, ChunkDecoder::Limits limits = {16, 0}) {
  const Decoded whole = DecodeIn(bytes, bytes.size(), limits);
  for (const std::size_t step : {1, 2, 3, 7}) {
    const Decoded cut = DecodeIn(bytes, step, limits);
    EXPECT_EQ(cut.state, whole.state) << bytes << " in steps of " << step;
    EXPECT_EQ(cut.body, whole.body) << bytes << " in steps of " << step;
    EXPECT_EQ(cut.rest, whole.rest) << bytes << " in steps of " << step;
  }
  return whole;
}

TEST(ChunkDecoder, ReadsChunksUpToTheEnd) {
  EXPECT_EQ(Decode("5\r\nhello\r\n0\r\n\r\n"), (Decoded{State::kDone, "hello", ""}));
  EXPECT_EQ(Decode("1\r\na\r\n00A\r\n0123456789\r\n0\r\n\r\nGET /"),
            (Decoded{State::kDone, "a0123456789", "GET /"}));
  EXPECT_EQ(Decode("0\r\n\r\n"), (Decoded{State::kDone, "", ""}));
}

TEST(ChunkDecoder, WaitsForWhatIsMissing) {
  for (const char* bytes : {"5", "5\r", "5\r\n", "5\r\nhello", "5\r\nhello\r", "5\r\nhello\r\n",
                            "5\r\nhello\r\n0", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r"}) {
    EXPECT_EQ(Decode(bytes).state, State::kMore) << bytes;
  }
  ChunkDecoder decoder({});
  std::string_view bytes = "ff\r\nabc";
  std::string body;
  EXPECT_EQ(decoder.Feed(&bytes, &body), State::kMore);
  EXPECT_EQ(decoder.chunk_left(), 252u);
}

TEST(ChunkDecoder, RefusesWhatTwoReadersCouldReadInTwoWays) {
  for (const char* bytes : {"\r\n",
                            "x\r\n",
                            "-1\r\n",
                            "+1\r\n",
                            "0x1\r\na",
                            " 1\r\na",
                            "1 \r\na",
                            "1\t\r\na",
                            "1\na",
                            "1\r\ra",
                            "1\r\na\n",
                            "1\r\nab",
                            "1\r\na\r\r",
                            "g\r\n",
                            ";a\r\n",
                            "1;a\nb",
                            "1;\x01\r\n",
                            "1;a\r\r",
                            "0\r\n\n",
                            "0\r\n\r\r",
                            "0\r\nX: y\r\n\r\n",
                            "10000000000000000\r\n",
                            "0000000000000001\r\na"}) {
    EXPECT_EQ(Decode(bytes).state, State::kMalformed) << bytes;
  }
}

TEST(ChunkDecoder, BoundsExtensionsOfAllChunksTogether) {
  EXPECT_EQ(Decode("1;a=b\r\nx\r\n1;c=d\r\ny\r\n0;e\r\n\r\n"), (Decoded{State::kDone, "xy", ""}));
  EXPECT_EQ(Decode("1;0123456789abcdef\r\nx").state, State::kMalformed);
  EXPECT_EQ(Decode("1;01234\r\nx\r\n1;01234\r\nx\r\n1;01234\r\nx\r\n").state, State::kMalformed);
}

TEST(ChunkDecoder, PassesOverTrailersWhereTheyAreAllowed) {
  EXPECT_EQ(Decode("1\r\na\r\n0\r\nX: y\r\nZ: 1\r\n\r\nrest", {0, 100}),
            (Decoded{State::kDone, "a", "rest"}));
  EXPECT_EQ(Decode("0\r\nX: 0123456789\r\n\r\n", {0, 10}).state, State::kMalformed);
}

}  // namespace
}  // namespace belfry::http
