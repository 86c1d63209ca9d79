// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_value.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/config.h"

namespace belfry::config {
namespace {

using std::chrono::milliseconds;

TEST(ConfigValue, ReadsDurationsWithTheirUnit) {
  EXPECT_EQ(ParseDuration("200ms"), milliseconds(200));
  EXPECT_EQ(ParseDuration("20s"), milliseconds(20'000));
  EXPECT_EQ(ParseDuration("5m"), milliseconds(300'000));
  EXPECT_EQ(ParseDuration("24h"), milliseconds(86'400'000));
  EXPECT_EQ(ParseDuration("30d"), milliseconds(2'592'000'000));
  EXPECT_EQ(ParseDuration("0s"), milliseconds(0));
  for (const char* bad : {"", "20", "s", "-1s", "+1s", "1.5s", "1m30s", "20 s", " 20s", "20S", "1w",
                          "9223372036854775807d", "99999999999999999999s", "0x10s"}) {
    EXPECT_EQ(ParseDuration(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValue, ReadsBytesWithTheirUnit) {
  EXPECT_EQ(ParseBytes("4096"), 4096U);
  EXPECT_EQ(ParseBytes("64KiB"), 65'536U);
  EXPECT_EQ(ParseBytes("256MiB"), 268'435'456U);
  EXPECT_EQ(ParseBytes("2GiB"), 2'147'483'648U);
  for (const char* bad :
       {"", "KiB", "1KB", "1K", "1kib", "-1", "1.5MiB", "8589934592GiB", "1 KiB"}) {
    EXPECT_EQ(ParseBytes(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValue, FormatsInTheLargestExactUnitSoThatItReadsBack) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0ms");
  EXPECT_EQ(FormatDuration(milliseconds(1'500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(90'000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(86'400'000)), "1d");
  EXPECT_EQ(FormatBytes(0), "0");
  EXPECT_EQ(FormatBytes(1'000), "1000");
  EXPECT_EQ(FormatBytes(65'536), "64KiB");
  EXPECT_EQ(FormatBytes(std::uint64_t{3} << 30), "3GiB");
  for (std::int64_t value = 1; value < (std::int64_t{1} << 40); value = value * 3 + 1) {
    EXPECT_EQ(ParseDuration(FormatDuration(milliseconds(value))), milliseconds(value));
    EXPECT_EQ(ParseBytes(FormatBytes(static_cast<std::uint64_t>(value))),
              static_cast<std::uint64_t>(value));
  }
}

TEST(ConfigValue, ReadsWholeNumbersOnly) {
  EXPECT_EQ(ParseInteger("-5"), -5);
  EXPECT_EQ(ParseInteger("007"), 7);
  for (const char* bad : {"", "-", "+5", "5 ", " 5", "5x", "1e3", "9223372036854775808"}) {
    EXPECT_EQ(ParseInteger(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValue, ReadsLists) {
  using List = std::vector<std::string>;
  EXPECT_EQ(ParseList(""), List{});
  EXPECT_EQ(ParseList("  "), List{});
  EXPECT_EQ(ParseList("a"), List{"a"});
  EXPECT_EQ(ParseList(" a , b b "), (List{"a", "b b"}));
  for (const char* bad : {",", "a,", ",a", "a, ,b"}) {
    EXPECT_EQ(ParseList(bad), std::nullopt) << bad;
  }
}

TEST(ConfigValue, KnowsAddresses) {
  for (const char* good : {"127.0.0.1:0", "0.0.0.0:65535", "localhost:80", "a-b_c.example:1",
                           "[::1]:80", "[fe80::1]:0"}) {
    EXPECT_TRUE(IsAddress(good)) << good;
  }
  for (const char* bad : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-0",
                          "h:80a", "h:000080", "::1:80", "[::1]", "[]:80", "[127.0.0.1]:80",
                          "a b:80", "http://h:80", "user@h:80", "h/:80"}) {
    EXPECT_FALSE(IsAddress(bad)) << bad;
  }
}

TEST(ConfigValue, LoopbackIsNeverGuessed) {
  for (const char* yes : {"127.0.0.1", "127.255.0.9:80", "localhost", "LocalHost:1", "[::1]:80",
                          "[::1]", "::1", "nats://127.0.0.1:4222", "nats://u:p@localhost:4222",
                          "nats://u:p@127.0.0.1", "nats://u:p/w@h@127.0.0.1:4222"}) {
    EXPECT_TRUE(IsLoopback(yes)) << yes;
  }
  for (const char* no :
       {"", "0.0.0.0:80", "[::]:80", "128.0.0.1", "10.0.0.1:80", "127.0.0.1.example.com:80",
        "127.example.com", "localhost.example.com", "notlocalhost", "127.1.evil:80", "[::2]:80",
        "127.0.0.1@evil:80", "nats://127.0.0.1:4222@evil:4222", "nats://localhost:1,evil:2",
        "nats://evil:4222/127.0.0.1", "evil:80?@127.0.0.1", "nats://127.0.0.1/x@evil:4222"}) {
    EXPECT_FALSE(IsLoopback(no)) << no;
  }
}

TEST(ConfigValue, MasksWhatAUrlKeepsSecret) {
  EXPECT_EQ(MaskPassword("nats://u:p@h:1"), "nats://u:********@h:1");
  EXPECT_EQ(MaskPassword("nats://u:p:@q@h:1"), "nats://u:********@h:1");
  EXPECT_EQ(MaskPassword("nats://token@h:1"), "nats://********@h:1");
  EXPECT_EQ(MaskPassword("nats://h:1"), "nats://h:1");
  EXPECT_EQ(MaskPassword("plain@text"), "plain@text");
}

TEST(ConfigValue, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("log_levle", "log_level"), 2U);
}

}  // namespace
}  // namespace belfry::config
