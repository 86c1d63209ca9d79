// SPDX-License-Identifier: Apache-2.0
// A history as JSON lines: what is written is read back, and nothing else is read.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/checker/history_jsonl.h"

namespace belfry::test {
namespace {

using Kind = StreamEvent::Kind;
using Outcome = Publish::Outcome;

const std::vector<std::string>& HostileTexts() {
  static const std::vector<std::string> texts = {
      "",
      "plain",
      "\"quoted\" and \\ and \\u0041",
      "two\nlines\r\nand\ttabs",
      std::string("a NUL \0 inside", 14),
      "\x01\x1b[31mred\x7f",
      "\xC2\x85 C1, \xE2\x80\xA8 U+2028, \xE2\x80\xA9 U+2029",
      "\xF0\x9F\x94\x94 bell, \xF4\x8F\xBF\xBF the last code point",
      "}{\"type\":\"publish\"}",
      std::string(5000, '"'),
  };
  return texts;
}

std::string Written(const History& history) {
  std::ostringstream out;
  WriteHistory(history, out);
  return out.str();
}

Result<History> Read(const std::string& text) {
  std::istringstream in(text);
  return ReadHistory(in);
}

// Every field has a value of its own.
History Full() {
  History history;
  history.publishes = {
      {"a-1", "acme", "alice", Outcome::kAcknowledged, {kEntryIdMax, ~EntryId{0}}, 1, 2, 3},
      {"all", "acme", "", Outcome::kUnknown, {}, -5, 0, 0},
      {"no", "acme", "bob", Outcome::kRejected, {}, 7, 8, 0},
  };
  ClientHistory phone{"phone", "acme", "alice", true, {}};
  for (int kind = 0; kind <= static_cast<int>(Kind::kClosed); ++kind) {
    StreamEvent event;
    event.kind = static_cast<Kind>(kind);
    event.at_us = 100 + kind;
    event.cursor = static_cast<EntryId>(kind);
    event.oldest = ~static_cast<EntryId>(kind);
    event.resumed = kind % 2 == 0;
    event.connection = static_cast<std::size_t>(kind);
    event.text = std::string(NameOf(event.kind));
    event.unread = kind - 1;
    event.up_to = kind == 0 ? 0 : ~static_cast<EntryId>(kind);
    event.told.resize(static_cast<std::size_t>(kind), {9, "acme", "alice", "a-1", 8});
    phone.events.push_back(event);
  }
  history.clients = {
      phone, {"silent", "acme", "bob", false, {}}, {"gone", "acme", "bob", true, {}}};
  history.stored = {
      {0,
       5,
       {{6, 7}, {8, ~EntryId{0}}},
       {{0, 9, 5, "acme", "", "all", 9, 77}},
       1234,
       {{0, 4, 3, "acme", "alice", "old", 0, 0}},
       {{-1, 3}, {20, 5}}},
      {3, 0, {}, {{3, 1, 0, "", "", "", 0, 0}}, 0},
  };
  history.stored[1].entries[0].change.op = StateOp::kPreferences;
  history.stored[1].entries[0].change.muted_kinds = {"news.", "\""};
  history.stored[0].entries[0].kind = "chat.message";
  history.troubles = {{"SIGKILL store", -1, 1'000'000'000'000}};
  return history;
}

TEST(HistoryJsonl, ReadsBackEveryField) {
  const std::string text = Written(Full());
  const auto read = Read(text);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(Written(*read), text);
  // Writing may forget something twice: what is read is compared by hand as well.
  EXPECT_EQ(read->publishes.front().ids, Full().publishes.front().ids);
  EXPECT_EQ(read->publishes.front().expires_us, 3);
  EXPECT_EQ(read->publishes[1].asked_us, -5);
  EXPECT_EQ(read->publishes[2].outcome, Outcome::kRejected);
  ASSERT_EQ(read->clients.size(), 3u);
  EXPECT_TRUE(read->clients[0].left && read->clients[2].left && !read->clients[1].left);
  for (std::size_t i = 0; i < Full().clients[0].events.size(); ++i) {
    const StreamEvent& event = read->clients[0].events[i];
    const StreamEvent expected = Full().clients[0].events[i];
    EXPECT_EQ(ToString(event), ToString(expected));
    EXPECT_EQ(event.resumed, expected.resumed);
    EXPECT_EQ(event.told.size(), expected.told.size());
    EXPECT_EQ(event.unread, expected.unread);
    EXPECT_EQ(event.up_to, expected.up_to);
  }
  EXPECT_EQ(read->clients[0].events.back().told.back().broadcast_id, 8u);
  EXPECT_EQ(read->stored[0].lost, Full().stored[0].lost);
  EXPECT_EQ(read->stored[0].read_us, 1234);
  EXPECT_EQ(read->stored[0].floor, 5u);
  EXPECT_EQ(read->stored[0].floors, Full().stored[0].floors);
  ASSERT_EQ(read->stored[0].retired.size(), 1u);
  EXPECT_EQ(ToString(read->stored[0].retired[0]), ToString(Full().stored[0].retired[0]));
  EXPECT_EQ(ToString(read->stored[0].entries[0]), ToString(Full().stored[0].entries[0]));
  EXPECT_EQ(read->stored[0].entries[0].expires_us, 77);
  EXPECT_EQ(read->stored[0].entries[0].kind, "chat.message");
  EXPECT_EQ(read->stored[1].entries[0].change, Full().stored[1].entries[0].change);
  EXPECT_EQ(read->troubles[0].to_us, 1'000'000'000'000);
}

TEST(HistoryJsonl, KeepsHostileTextAsItIsOnOneLineEach) {
  History history;
  for (const std::string& text : HostileTexts()) {
    history.publishes.push_back({text, text, text, Outcome::kUnknown, {}, 0, 0, 0});
    StreamEvent event;
    event.text = text;
    event.told = {{1, text, text, text, 0}};
    history.clients.push_back({"client " + text, text, text, false, {event}});
    history.troubles.push_back({text, 0, 0});
  }
  history.stored = {{0, 0, {}, {}, 0}};
  for (const std::string& text : HostileTexts()) {
    history.stored[0].entries.push_back({0, 1, 0, text, text, text, 0, 0});
  }
  const std::string text = Written(history);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
            2 + 4 * HostileTexts().size());
  const auto read = Read(text);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  for (std::size_t i = 0; i < HostileTexts().size(); ++i) {
    const std::string& hostile = HostileTexts()[i];
    EXPECT_EQ(read->publishes[i].tag, hostile);
    EXPECT_EQ(read->publishes[i].user_id, hostile);
    EXPECT_EQ(read->clients[i].name, "client " + hostile);
    EXPECT_EQ(read->clients[i].events[0].text, hostile);
    EXPECT_EQ(read->clients[i].events[0].told[0].tag, hostile);
    EXPECT_EQ(read->troubles[i].what, hostile);
    EXPECT_EQ(read->stored[0].entries[i].tag, hostile);
  }
}

TEST(HistoryJsonl, ReplacesWhatIsNotUtf8) {
  History history;
  history.troubles = {{"a \xFF b", 0, 0}};
  const auto read = Read(Written(history));
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->troubles[0].what, "a \xEF\xBF\xBD b");
}

TEST(HistoryJsonl, LinesOfClientsMayBeMixed) {
  const auto read =
      Read(R"({"type":"history","version":1})"
           "\n"
           R"({"type":"event","client":"a","project":"p","user":"u","at_us":1,"kind":"opened"})"
           "\n"
           R"({"type":"event","client":"b","project":"p","user":"u","at_us":2,"kind":"opened"})"
           "\n"
           R"({"type":"left","client":"a","project":"p","user":"u"})"
           "\n"
           R"({"type":"event","client":"a","project":"p","user":"u","at_us":3,"kind":"closed"})"
           "\n");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  ASSERT_EQ(read->clients.size(), 2u);
  EXPECT_EQ(read->clients[0].events.size(), 2u);
  EXPECT_TRUE(read->clients[0].left);
  EXPECT_EQ(read->clients[1].events.size(), 1u);
}

struct Malformed {
  std::string line;
  std::string says;
};

class MalformedTest : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedTest, IsRefusedWithItsLineAndWhatIsWrong) {
  const auto read = Read(
      "{\"type\":\"history\",\"version\":1}\n"
      "{\"type\":\"publish\",\"tag\":\"t\",\"project\":\"p\",\"outcome\":\"unknown\",\"ids\":[],"
      "\"asked_us\":1,\"answered_us\":2}\n" +
      GetParam().line + "\n");
  ASSERT_FALSE(read.ok()) << GetParam().line;
  EXPECT_EQ(read.error().code, Code::kInvalidArgument);
  EXPECT_TRUE(read.error().message.starts_with("line 3: ")) << read.error().message;
  EXPECT_NE(read.error().message.find(GetParam().says), std::string::npos) << read.error().message;
}

// A publish line with one member changed.
std::string PublishWith(const std::string& members) {
  return R"({"type":"publish","project":"p",)" + members + "}";
}
std::string EventWith(const std::string& members) {
  return R"({"type":"event","client":"c","project":"p","user":"u","at_us":1,)" + members + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedTest,
    testing::Values(
        Malformed{"", "not JSON"}, Malformed{"{", "not JSON"}, Malformed{"[]", "not an object"},
        Malformed{"{} {}", "not JSON"}, Malformed{"{}", "\"type\" is missing"},
        Malformed{R"({"type":7})", "\"type\" must be a string"},
        Malformed{R"({"type":"gossip"})", "unknown type \"gossip\""},
        Malformed{R"({"type":"history","version":1})", "unknown type \"history\""},
        Malformed{R"({"type":"trouble","what":"x","from_us":1})", "\"to_us\" is missing"},
        Malformed{R"({"type":"trouble","what":"x","from_us":1.5,"to_us":2})", "\"from_us\" must"},
        Malformed{R"({"type":"trouble","what":"x","from_us":1,"to_us":2,"why":3})",
                  "unknown member \"why\""},
        Malformed{
            PublishWith(R"("tag":"t","outcome":"unknown","ids":[],"asked_us":1,"answered_us":2)"),
            "two publishes with one tag"},
        Malformed{
            PublishWith(R"("tag":"u","outcome":"maybe","ids":[],"asked_us":1,"answered_us":2)"),
            "\"outcome\" must be one of the names"},
        Malformed{
            PublishWith(R"("tag":"u","outcome":"unknown","ids":[5],"asked_us":1,"answered_us":2)"),
            "\"ids\" must be a list of ids as strings"},
        Malformed{PublishWith(
                      R"("tag":"u","outcome":"unknown","ids":["5"],"asked_us":1,"answered_us":2)"),
                  "\"ids\" do not fit"},
        Malformed{
            PublishWith(
                R"("tag":"u","outcome":"acknowledged","ids":[],"asked_us":1,"answered_us":2)"),
            "\"ids\" do not fit"},
        Malformed{
            PublishWith(
                R"("tag":"u","outcome":"unknown","ids":[],"asked_us":9223372036854775808,"answered_us":2)"),
            "\"asked_us\" must be an integer"},
        Malformed{EventWith(R"("kind":"shouted")"), "\"kind\" must be"},
        Malformed{EventWith(R"("kind":"opened","cursor":5)"), "\"cursor\" must be an id"},
        Malformed{EventWith(R"("kind":"opened","cursor":"-5")"), "\"cursor\" must be an id"},
        Malformed{EventWith(R"("kind":"opened","cursor":"05")"), "\"cursor\" must be an id"},
        Malformed{EventWith(R"("kind":"opened","cursor":"18446744073709551616")"),
                  "\"cursor\" must be an id"},
        Malformed{EventWith(R"("kind":"opened","resumed":false)"), "\"resumed\" must be true"},
        Malformed{EventWith(R"("kind":"opened","connection":-1)"), "\"connection\" must be"},
        Malformed{EventWith(R"("kind":"notification","told":{})"), "\"told\" must be a list"},
        Malformed{EventWith(R"("kind":"notification","told":[7])"), "told. is not an object"},
        Malformed{EventWith(R"("kind":"notification","told":[{"id":"1","project":"p"}])"),
                  "\"told.tag\" is missing"},
        Malformed{
            EventWith(R"("kind":"notification","told":[{"id":"1","tag":"t","project":"p","x":1}])"),
            "unknown member \"told.x\""},
        Malformed{R"({"type":"log","partition":-1,"floor":"0","lost":[]})", "\"partition\" must"},
        Malformed{R"({"type":"log","partition":1,"floor":"0","lost":[["1"]]})", "\"lost\" must"},
        Malformed{R"({"type":"log","partition":1,"floor":"0","lost":[["2","1"]]})",
                  "\"lost\" must"},
        Malformed{R"({"type":"log","partition":1,"floor":"0","lost":[],"floors":[["1","1"]]})",
                  "\"floors\" must"},
        Malformed{R"({"type":"log","partition":1,"floor":"0","lost":[],"floors":[[1]]})",
                  "\"floors\" must"},
        Malformed{EventWith(R"("kind":"connected","unread":"1")"), "\"unread\" must be"},
        Malformed{R"({"type":"retired","partition":1,"id":"1","prev":"0"})", "no \"log\" line"},
        Malformed{R"({"type":"stored","partition":1,"id":"1","prev":"0"})", "no \"log\" line"}));

TEST(HistoryJsonl, TheFirstLineSaysWhatItIs) {
  for (const std::string text :
       {"", "\n", "{\"type\":\"publish\"}\n", "{\"type\":\"history\",\"version\":2}\n",
        "{\"type\":\"history\"}\n", "{\"type\":\"history\",\"version\":1,\"x\":1}\n"}) {
    const auto read = Read(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_TRUE(read.error().message.starts_with("line 1: ")) << read.error().message;
  }
  EXPECT_TRUE(Read("{\"type\":\"history\",\"version\":1}").ok());
}

TEST(HistoryJsonl, TwoLogsOfOnePartitionAreRefused) {
  const std::string log = "{\"type\":\"log\",\"partition\":1,\"floor\":\"0\",\"lost\":[]}\n";
  const auto read = Read("{\"type\":\"history\",\"version\":1}\n" + log + log);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().message, "line 3: two logs of one partition");
}

}  // namespace
}  // namespace belfry::test
