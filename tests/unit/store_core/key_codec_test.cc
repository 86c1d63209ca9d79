// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/key_codec.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace belfry::store {
namespace {

using Name = std::pair<std::string, std::string>;

// Names that provoke: shared prefixes, bytes that look like lengths or separators, all lengths.
Name HostileName(std::mt19937& random) {
  static const std::string kBytes("\x00\x01\x02/a\xff", 6);
  const auto text = [&random](std::size_t bytes_max) {
    std::uniform_int_distribution<std::size_t> length(1, random() % 8 == 0 ? bytes_max : 3);
    std::uniform_int_distribution<std::size_t> byte(0, kBytes.size() - 1);
    std::string result(length(random), '\0');
    for (char& c : result) {
      c = kBytes[byte(random)];
    }
    return result;
  };
  return {text(kProjectBytesMax), text(kUserBytesMax)};
}

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

TEST(KeyCodec, NeverLetsTwoNamesCollideOrShareAPrefix) {
  std::mt19937 random(1);
  std::set<Name> names;
  while (names.size() < 700) {
    names.insert(HostileName(random));
  }
  std::vector<std::string> prefixes;
  for (const Name& name : names) {
    prefixes.push_back(UserPrefix(3, name.first, name.second));
  }
  for (std::size_t a = 0; a < prefixes.size(); ++a) {
    for (std::size_t b = 0; b < prefixes.size(); ++b) {
      ASSERT_TRUE(a == b || !StartsWith(prefixes[a], prefixes[b])) << a << " and " << b;
    }
  }
}

TEST(KeyCodec, NeverLetsTwoFeedsInterleave) {
  std::mt19937 random(2);
  std::map<std::string, Name> rows;  // as RocksDB sorts them
  std::set<Name> names;
  while (names.size() < 300) {
    names.insert(HostileName(random));
  }
  for (const Name& name : names) {
    for (const EntryId id : {EntryId{0}, EntryId{1}, EntryId{255}, EntryId{256}, kEntryIdMax}) {
      const auto [row, added] =
          rows.emplace(WithId(UserPrefix(0, name.first, name.second), id), name);
      ASSERT_TRUE(added);
    }
  }
  std::set<Name> finished;
  Name current;
  for (const auto& [row, name] : rows) {
    if (name != current) {
      ASSERT_TRUE(finished.insert(current).second) << "a feed goes on after another began";
      current = name;
    }
  }
}

TEST(KeyCodec, NeverLetsTwoIdempotencyKeysCollide) {
  std::mt19937 random(3);
  std::set<Name> names;
  std::set<std::string> keys;
  while (names.size() < 2'000) {
    const Name name = HostileName(random);
    if (names.insert(name).second) {
      ASSERT_TRUE(keys.insert(IdempotencyKey(name.first, name.second)).second);
    }
  }
}

TEST(KeyCodec, SortsByNumber) {
  const std::vector<EntryId> ids = {0, 1, 255, 256, 65'535, 1ULL << 32, kEntryIdMax};
  for (std::size_t i = 1; i < ids.size(); ++i) {
    EXPECT_LT(LogKey(7, ids[i - 1]), LogKey(7, ids[i]));
    EXPECT_LT(LogKey(7, ids[i]), LogKey(8, ids[i - 1]));
    EXPECT_LT(WithId("p", ids[i - 1]), WithId("p", ids[i]));
  }
}

TEST(KeyCodec, SpellsTheBytesOfTheDocument) {
  using namespace std::string_literals;
  EXPECT_EQ(LogKey(1, 0x0102030405060708), "\x00\x00\x00\x01\x01\x02\x03\x04\x05\x06\x07\x08"s);
  EXPECT_EQ(WithId(UserPrefix(2, "ab", "c"), 9),
            "\x00\x00\x00\x02\x02\x61\x62\x01\x63\x00\x00\x00\x00\x00\x00\x00\x09"s);
  EXPECT_EQ(WithId(ProjectKey("ab"), 9), "\x02\x61\x62\x00\x00\x00\x00\x00\x00\x00\x09"s);
  EXPECT_EQ(IdempotencyKey("ab", "key"), "\x02\x61\x62key"s);
  EXPECT_EQ(PositionKey(3), "position/\x00\x00\x00\x03"s);
  EXPECT_EQ(LostKey(3, 4), "lost/\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x04"s);
}

TEST(KeyCodec, FindsThePlaceInEveryKeyOfAnEntry) {
  for (const std::string& key : {LogKey(9, 77), WithId(UserPrefix(9, "p", "u"), 77)}) {
    const auto place = PlaceOf(key);
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->partition, 9u);
    EXPECT_EQ(place->id, 77u);
  }
  EXPECT_FALSE(PlaceOf("short").has_value());
  EXPECT_EQ(IdOf(WithId(ProjectKey("p"), 77)), 77u);
  EXPECT_FALSE(IdOf("short").has_value());
}

TEST(KeyCodec, EndsAPrefixRightBehindItsLastKey) {
  using namespace std::string_literals;
  EXPECT_EQ(AfterPrefix("ab"), "ac");
  EXPECT_EQ(AfterPrefix("a\xff\xff"), "b");
  EXPECT_EQ(AfterPrefix("\xff"), "");
  const std::string prefix = UserPrefix(0, "p", "\xff\xff");
  EXPECT_GT(AfterPrefix(prefix), WithId(prefix, ~EntryId{0}));
}

TEST(KeyCodec, ReadsBackWhatItWroteAndRefusesWhatItDidNot) {
  const PartitionPosition position{4, 10, 11};
  const IdempotencyRecord record{12, -13, 14, std::string(kContentHashBytes, 'h')};
  EXPECT_EQ(DecodePosition(4, EncodePosition(position)), position);
  EXPECT_EQ(DecodeIdempotencyRecord(EncodeIdempotencyRecord(record)), record);
  EXPECT_EQ(DecodeNumber(EncodeNumber(15)), 15u);
  EXPECT_FALSE(DecodePosition(4, "").has_value());
  EXPECT_FALSE(DecodeIdempotencyRecord("short").has_value());
  EXPECT_FALSE(DecodeNumber("1234567").has_value());
}

TEST(KeyCodec, ReadsBackWhatItWroteAndNothingElse) {
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    const auto name = HostileName(random);
    const std::string& project = name.first;
    const std::string& user = name.second;
    const auto expect = [&](const std::optional<KeyNames>& names, bool with_user, EntryId id) {
      ASSERT_TRUE(names.has_value());
      EXPECT_EQ(names->partition, with_user ? 7u : 0u);
      EXPECT_EQ(names->project, project);
      EXPECT_EQ(names->user_id, with_user ? user : "");
      EXPECT_EQ(names->id, id);
    };
    const std::string record_key = UserPrefix(7, project, user);
    const std::string feed = WithId(record_key, 99);
    const std::string nobody = UserPrefix(7, project, {});
    const std::string body = WithId(ProjectKey(project), 99);
    const std::string record = IdempotencyKey(project, user);
    expect(ParseUsersKey(record_key), true, 0);
    expect(ParseProjectKey(ProjectKey(project)), false, 0);
    expect(ParseUserKey(feed), true, 99);
    expect(ParseBodyKey(body), false, 99);
    const auto names = ParseIdempotencyKey(record);
    ASSERT_TRUE(names.has_value());
    EXPECT_EQ(names->project, project);
    EXPECT_EQ(names->key, user);
    for (const auto cut : {1, 2, 9}) {
      const auto shorter = [cut](const std::string& key) {
        return std::string_view(key).substr(0, key.size() - std::min<std::size_t>(cut, key.size()));
      };
      EXPECT_FALSE(ParseUsersKey(shorter(record_key)));
      EXPECT_FALSE(ParseBodyKey(shorter(body)));
    }
    EXPECT_FALSE(ParseUsersKey(record_key + "x"));
    EXPECT_FALSE(ParseUsersKey(nobody)) << "a row without a user";
    EXPECT_FALSE(ParseUserKey(WithId(nobody, 99))) << "a row without a user";
    EXPECT_FALSE(ParseProjectKey(ProjectKey(project) + "x"));
  }
  EXPECT_EQ(ParseLogKey(LogKey(7, 99))->id, 99u);
  EXPECT_FALSE(ParseLogKey(LogKey(7, 99) + "x"));
  for (const std::string key : {"", "\0", "short"}) {
    EXPECT_FALSE(ParseLogKey(key));
    EXPECT_FALSE(ParseUserKey(key));
    EXPECT_FALSE(ParseBodyKey(key));
    EXPECT_FALSE(ParseUsersKey(key));
  }
  EXPECT_FALSE(ParseIdempotencyKey(std::string("\4acme", 5))) << "no key";
}

TEST(KeyCodec, ExpirySortsByTimeAndReadsBackWhoseItIs) {
  std::mt19937 random(5);
  std::map<std::string, std::int64_t> rows;
  for (int i = 0; i < 500; ++i) {
    const Name name = HostileName(random);
    const bool broadcast = i % 5 == 0;
    const std::string user = broadcast ? "" : name.second;
    const auto expires = static_cast<std::int64_t>(random() % 1'000);
    const EntryRef entry{{broadcast ? 0u : 7u, name.first, user}, 1 + random() % 9};
    const std::string key = ExpiryKey(expires, entry);
    rows[key] = expires;
    const auto read = ParseExpiryKey(key);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->expires_us, expires);
    EXPECT_EQ(read->entry.partition, entry.user.partition);
    EXPECT_EQ(read->entry.project, name.first);
    EXPECT_EQ(read->entry.user_id, user);
    EXPECT_EQ(read->entry.id, entry.id);
    EXPECT_FALSE(ParseExpiryKey(key + "x").has_value());
  }
  std::int64_t last = 0;
  for (const auto& [key, expires] : rows) {
    EXPECT_GE(expires, last);
    last = expires;
  }
  EXPECT_EQ(ParseExpiryKey(ExpiryKey(-5, {{0, "acme", ""}, 1}))->expires_us, 0)
      << "what expired before 1970 comes first";
}

TEST(KeyCodec, CollapseKeysOfTwoUsersNeverMeet) {
  std::mt19937 random(6);
  std::map<std::string, std::pair<Name, std::string>> keys;
  for (int i = 0; i < 2'000; ++i) {
    const Name name = HostileName(random);
    const std::string collapse = HostileName(random).second;
    const auto [at, added] =
        keys.try_emplace(CollapseKey({3, name.first, name.second}, collapse), name, collapse);
    EXPECT_EQ(at->second, std::pair(name, collapse));
  }
}

}  // namespace
}  // namespace belfry::store
