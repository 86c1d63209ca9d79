// SPDX-License-Identifier: Apache-2.0
// A history that keeps every promise, and the means to break it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/checker/checker.h"

namespace belfry::test {

// A history of alice and bob, two clients of alice and one of bob, that keeps every promise: ids 11
// to 16, a broadcast 14, one client that reconnects. Each test breaks one thing.
class CheckerTest : public testing::Test {
 protected:
  using Kind = StreamEvent::Kind;
  using Outcome = Publish::Outcome;
  static constexpr char kProject[] = "acme";

  CheckerTest() {
    AddPublish("a-1", "alice", 11);
    AddPublish("b-1", "bob", 12);
    AddPublish("a-2", "alice", 13);
    AddPublish("all-1", "", 14);
    AddPublish("a-3", "alice", 15);
    AddPublish("b-2", "bob", 16);
    Publish rejected{"no-1", kProject, "alice", Outcome::kRejected, {}, Tick(), Tick()};
    history_.publishes.push_back(rejected);
    Publish unknown{"maybe-1", kProject, "alice", Outcome::kUnknown, {}, Tick(), Tick()};
    history_.publishes.push_back(unknown);

    ClientHistory& phone = AddClient("phone", "alice");
    Open(phone, 0, false);
    Connected(phone, 10);
    Notify(phone, 11, "a-1");
    Notify(phone, 13, "a-2");
    Notify(phone, 14, "all-1");
    Notify(phone, 15, "a-3");

    ClientHistory& tab = AddClient("tab", "alice");
    Open(tab, 0, false);
    Connected(tab, 10);
    Notify(tab, 11, "a-1");
    Close(tab);
    Open(tab, 11, true);
    Connected(tab, 11);
    Notify(tab, 13, "a-2");
    Notify(tab, 14, "all-1");
    Notify(tab, 15, "a-3");
    Bookmark(tab, 16);

    ClientHistory& bobs = AddClient("bobs", "bob");
    Open(bobs, 0, true);
    Connected(bobs, 0);
    Notify(bobs, 12, "b-1");
    Notify(bobs, 14, "all-1");
    Notify(bobs, 16, "b-2");
  }

  std::int64_t Tick() { return now_us_ += 1000; }

  void AddPublish(const std::string& tag, const std::string& user, EntryId id) {
    Publish publish{tag, kProject, user, Outcome::kAcknowledged, {id}, 0, 0};
    publish.asked_us = Tick();
    publish.answered_us = Tick();
    history_.publishes.push_back(publish);
  }
  Publish& PublishOf(const std::string& tag) {
    for (Publish& publish : history_.publishes) {
      if (publish.tag == tag) {
        return publish;
      }
    }
    ADD_FAILURE() << "no publish " << tag;
    return history_.publishes.front();
  }

  // The reference is good until the next AddClient.
  ClientHistory& AddClient(const std::string& name, const std::string& user) {
    history_.clients.push_back({name, kProject, user, false, {}});
    return history_.clients.back();
  }
  ClientHistory& ClientOf(const std::string& name) {
    for (ClientHistory& client : history_.clients) {
      if (client.name == name) {
        return client;
      }
    }
    ADD_FAILURE() << "no client " << name;
    return history_.clients.front();
  }

  StreamEvent& Add(ClientHistory& client, Kind kind, EntryId cursor) {
    StreamEvent event;
    event.kind = kind;
    event.at_us = Tick();
    event.cursor = cursor;
    client.events.push_back(event);
    return client.events.back();
  }
  void Open(ClientHistory& client, EntryId cursor, bool resumed) {
    Add(client, Kind::kOpened, cursor).resumed = resumed;
  }
  void Connected(ClientHistory& client, EntryId cursor) {
    Add(client, Kind::kConnected, cursor).text = client.user_id;
  }
  void Notify(ClientHistory& client, EntryId id, const std::string& tag) {
    Add(client, Kind::kNotification, id).told = {ToldOf(id, tag)};
  }
  void Bookmark(ClientHistory& client, EntryId cursor) { Add(client, Kind::kBookmark, cursor); }
  void Reset(ClientHistory& client, const std::string& reason, EntryId oldest, EntryId cursor) {
    StreamEvent& event = Add(client, Kind::kReset, cursor);
    event.text = reason;
    event.oldest = oldest;
  }
  void Close(ClientHistory& client) { Add(client, Kind::kClosed, 0); }
  Told ToldOf(EntryId id, const std::string& tag) {
    for (const Publish& publish : history_.publishes) {
      if (publish.tag == tag) {
        return {id, kProject, publish.user_id, tag, 0};
      }
    }
    return {id, kProject, "alice", tag, 0};
  }
  // Takes the events that deliver `tag` out of a client's history.
  void Forget(const std::string& client, const std::string& tag) {
    std::erase_if(ClientOf(client).events, [&tag](const StreamEvent& event) {
      return !event.told.empty() && event.told.front().tag == tag;
    });
  }
  StreamEvent& EventThatTells(const std::string& client, const std::string& tag) {
    for (StreamEvent& event : ClientOf(client).events) {
      if (!event.told.empty() && event.told.front().tag == tag) {
        return event;
      }
    }
    ADD_FAILURE() << client << " did not receive " << tag;
    return ClientOf(client).events.front();
  }

  // Reads the one partition's log: the acknowledged, in order, after `floor`.
  void Store(EntryId floor = 0) {
    StoredLog log;
    log.floor = floor;
    history_.stored = {log};
    for (const Publish& publish : history_.publishes) {
      if (publish.ids.empty() || publish.ids.front() <= floor) {
        continue;
      }
      AppendStored(publish.ids.front(), publish.tag, publish.user_id);
    }
  }
  Stored& AppendStored(EntryId id, const std::string& tag, const std::string& user) {
    StoredLog& log = history_.stored.front();
    const EntryId prev = log.entries.empty() ? log.floor : log.entries.back().id;
    log.entries.push_back({0, id, prev, kProject, user, tag, user.empty() ? id : 0, 0});
    return log.entries.back();
  }
  std::vector<Stored>& entries() { return history_.stored.front().entries; }
  Stored& StoredOf(const std::string& tag) {
    for (Stored& entry : entries()) {
      if (entry.tag == tag) {
        return entry;
      }
    }
    ADD_FAILURE() << "not stored: " << tag;
    return entries().front();
  }
  // As if it had never been there: what follows is linked to what is before it.
  void Unstore(const std::string& tag) {
    std::erase_if(entries(), [&tag](const Stored& entry) { return entry.tag == tag; });
    Relink();
  }
  void Relink() {
    EntryId prev = history_.stored.front().floor;
    for (Stored& entry : entries()) {
      prev = (entry.prev = prev, entry.id);
    }
  }

  Verdict Judge() { return Check(history_, options_); }
  void ExpectKept() { EXPECT_TRUE(Judge().ok()) << Judge().ToString(); }
  // The planted fault is flagged under its clause, with the id and the lines around it.
  void ExpectBroken(Clause clause, EntryId id) {
    const Verdict verdict = Judge();
    bool found = false;
    for (const Violation& violation : verdict.violations) {
      if (violation.clause != clause) {
        continue;
      }
      if (id != 0 &&
          std::find(violation.ids.begin(), violation.ids.end(), id) == violation.ids.end()) {
        continue;
      }
      found = true;
      EXPECT_FALSE(violation.excerpt.empty()) << violation.what;
      EXPECT_LE(std::count(violation.excerpt.begin(), violation.excerpt.end(), '\n'), 12);
    }
    EXPECT_TRUE(found) << "not flagged: " << ClauseName(clause) << " " << id << "\n"
                       << verdict.ToString();
    EXPECT_THAT(verdict.ToString(),
                testing::HasSubstr("BROKEN " + std::string(ClauseName(clause))));
  }
  void ExpectOnlyBroken(Clause clause, EntryId id) {
    ExpectBroken(clause, id);
    for (const Violation& violation : Judge().violations) {
      EXPECT_EQ(ClauseName(violation.clause), ClauseName(clause)) << violation.what;
    }
  }

  History history_;
  CheckOptions options_{1, false};  // one partition: alice's and bob's ids are of one order
  std::int64_t now_us_ = 0;
};

}  // namespace belfry::test
