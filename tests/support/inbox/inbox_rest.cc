// SPDX-License-Identifier: Apache-2.0
// Once nothing happens any more: everything that shows a user's inbox against a walk over the log.
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/cluster/stored_logs.h"
#include "tests/support/inbox/inbox_device.h"
#include "tests/support/inbox/inbox_judge.h"
#include "tests/support/inbox/inbox_run.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using By = InboxApi::By;
using Lines = std::vector<std::string>;

constexpr std::size_t kFaultsMax = 12;
constexpr std::chrono::seconds kCatchUpMax{20};
constexpr std::size_t kTailShown = 12;

std::string LineOf(EntryId id, const std::string& tag, bool read, bool archived) {
  return std::to_string(id) + " " + tag + (read ? " read" : "") + (archived ? " archived" : "");
}

// What a list of that user should show, newest first.
template <typename Wanted>
Lines LinesOf(const PlainInbox& plain, Wanted wanted) {
  Lines lines;
  for (const auto& [id, item] : plain.items()) {
    if (!item.gone && wanted(item)) {
      lines.push_back(LineOf(id, item.tag, item.read, item.archived));
    }
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

Lines LinesOf(const std::vector<ShownPage>& pages) {
  Lines lines;
  for (const ShownPage& page : pages) {
    for (const Shown& shown : page.items) {
      lines.push_back(LineOf(shown.id, shown.tag, shown.read_at_us != 0, shown.archived));
    }
  }
  return lines;
}

Lines LinesOf(const InboxView& view) {
  Lines lines;
  for (const auto& [id, shown] : view.items()) {
    lines.push_back(LineOf(id, shown.tag, shown.read_at_us != 0, shown.archived));
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

// The first place in which they differ; empty if they do not.
std::string Difference(const Lines& got, const Lines& right) {
  const auto [a, b] = std::mismatch(got.begin(), got.end(), right.begin(), right.end());
  if (a == got.end() && b == right.end()) {
    return {};
  }
  return "has " + (a == got.end() ? "nothing more" : *a) + " instead of " +
         (b == right.end() ? "nothing more" : *b);
}

bool Same(Counts a, const Counts& b) {
  a.up_to = b.up_to;
  return a == b;
}

bool NotArchived(const PlainItem& item) { return !item.archived; }

std::string ViewFault(const InboxView& view, const PlainInbox& plain) {
  if (!view.unreadable().empty()) {
    return "received what it cannot read: " + view.unreadable();
  }
  if (!Same(view.counts(), plain.counts())) {
    return "shows " + TextOf(view.counts()) + " where a walk gives " + TextOf(plain.counts());
  }
  return Difference(LinesOf(view), LinesOf(plain, NotArchived));
}

void JudgeAnswers(const InboxApi& api, By by, const PlainInbox& plain, Lines& faults) {
  const std::string who =
      api.user() + (by == By::kToken ? " by token at an edge: " : " by API key at ingest: ");
  struct Filter {
    const char* query;
    bool (*wanted)(const PlainItem&);
  };
  constexpr Filter kFilters[] = {
      {"archived=false&", NotArchived},
      {"archived=true&", [](const PlainItem& item) { return item.archived; }},
      {"unread=true&", [](const PlainItem& item) { return !item.archived && !item.read; }},
      {"kind=news.&",
       [](const PlainItem& item) { return !item.archived && item.kind.starts_with("news."); }},
  };
  for (const Filter& filter : kFilters) {
    const auto pages = api.List(by, filter.query);
    const std::string wrong = pages.ok()
                                  ? Difference(LinesOf(*pages), LinesOf(plain, filter.wanted))
                                  : pages.error().ToString();
    if (!wrong.empty()) {
      faults.push_back(who + "the list " + filter.query + " " + wrong);
    }
  }
  const auto counts = ReadCounts(api.Ask(by, "GET", "/counts").body);
  if (!counts || !Same(*counts, plain.counts())) {
    faults.push_back(who + "the counts are " + (counts ? TextOf(*counts) : "unreadable") +
                     " where a walk gives " + TextOf(plain.counts()));
  }
  const std::string preferences = api.Ask(by, "GET", "/preferences").body;
  for (const std::string& kind : plain.muted_kinds()) {
    if (preferences.find("\"" + kind + "\"") == std::string::npos) {
      faults.push_back(who + kind + " is muted, and the preferences are " + preferences);
    }
  }
}

}  // namespace

std::vector<std::string> InboxRun::Judge() {
  Lines faults;
  std::map<std::string, PlainInbox> plains;
  std::vector<StoredLog> logs;
  // At rest, once what expires has done so.
  const bool rests = WaitUntil(
      [&] {
        faults = books_.strange;
        plains.clear();
        auto read = ReadStoredLogs(cluster_.store().serves(), kPatience);
        if (!read.ok()) {
          faults.push_back(read.error().ToString());
          return false;
        }
        logs = std::move(*read);
        for (const auto& device : devices_) {
          const std::string& user = device->api.user();
          if (!plains.contains(user)) {
            const Partition home =
                PartitionOf(Cluster::kProject, user, static_cast<Partition>(logs.size()));
            plains.emplace(user, JudgeUser(logs[home], books_, user, device->known, faults));
          }
        }
        return std::none_of(plains.begin(), plains.end(),
                            [](const auto& one) { return one.second.Expires(); });
      },
      kPatience);
  if (!rests) {
    faults.push_back("something never expired");
  }
  JudgePublishes(logs, books_, faults);
  for (const EntryId id : books_.retracted) {
    for (const auto& [user, plain] : plains) {
      const auto item = plain.items().find(id);
      if (item != plain.items().end() && !item->second.gone) {
        faults.push_back(user + " still has " + std::to_string(id) + ", which was retracted");
      }
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kCatchUpMax;
  for (const auto& device : devices_) {
    const PlainInbox& plain = plains.at(device->api.user());
    std::string wrong;
    const bool same = WaitUntil(
        [&] {
          if (device->view.wants_list()) {
            FetchList(*device);
          }
          wrong = ViewFault(device->view, plain);
          return wrong.empty() && !device->view.wants_list();
        },
        std::chrono::ceil<std::chrono::milliseconds>(
            std::max(deadline - std::chrono::steady_clock::now(), {})));
    if (!same) {
      faults.push_back("the device " + device->name + " " + wrong + "; it received\n" +
                       device->view.Tail(kTailShown));
    }
    JudgeAnswers(device->api, By::kToken, plain, faults);
  }
  for (std::size_t i = 0; i < devices_.size(); i += 2) {
    JudgeAnswers(devices_[i]->api, By::kApiKey, plains.at(devices_[i]->api.user()), faults);
  }
  history_.publishes = books_.publishes;
  history_.clients = fleet_->Histories();
  history_.stored = std::move(logs);
  if (faults.size() > kFaultsMax) {
    faults.resize(kFaultsMax);
  }
  return faults;
}

}  // namespace belfry::test
