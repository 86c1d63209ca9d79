// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/inbox_run.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "libs/common/time_text.h"
#include "tests/support/inbox/inbox_device.h"
#include "tests/support/inbox/inbox_judge.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using By = InboxApi::By;

constexpr std::size_t kDevicesPerUser = 2;
constexpr std::array kKinds = {"chat.message", "chat.mention", "news.daily", "news.alert", ""};
constexpr std::array kPrefixes = {"", "", "chat.", "news.", "news.alert"};
constexpr std::chrono::milliseconds kExpiresInMax{2500};

// The retraction's body, by what it names.
std::string Member(const std::string& name, const std::string& text) {
  return "\"" + name + "\":\"" + text + "\"";
}

std::string ExpiryText(std::chrono::milliseconds in) {
  const auto at = std::chrono::system_clock::now().time_since_epoch() + in;
  return Rfc3339(std::chrono::duration_cast<std::chrono::microseconds>(at).count());
}

}  // namespace

EntryId InboxRun::Device::AnyId() {
  const auto items = view.items();
  if (items.empty() || (Chance(20) && !touched.empty())) {
    return touched.empty() ? 0 : touched[Pick(touched.size())];
  }
  return std::next(items.begin(), static_cast<std::ptrdiff_t>(Pick(items.size())))->first;
}

InboxRun::InboxRun(Cluster& cluster, const Options& options)
    : cluster_(cluster), options_(options), fleet_(std::make_unique<SseFleet>()) {}

InboxRun::~InboxRun() { Stop(); }

bool InboxRun::Start() {
  std::size_t number = 0;
  for (std::size_t user = 0; user < options_.users + options_.late_users; ++user) {
    for (std::size_t i = 0; i < kDevicesPerUser; ++i) {
      devices_.push_back(std::make_unique<Device>(cluster_, "inbox-" + std::to_string(user),
                                                  number++, user < options_.users));
    }
  }
  for (const auto& device : devices_) {
    if (device->known && device->api.Ask(By::kToken, "GET", "/counts").status != 200) {
      return false;
    }
  }
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    threads_.emplace_back([this, i] { Live(*devices_[i], options_.seed * 1000 + i); });
  }
  return WaitAnswered(devices_.size());
}

void InboxRun::Live(Device& device, std::uint64_t seed) {
  device.random.seed(seed);
  while (!device.known && device.keys.empty() && !stopping_) {
    Notify(device);
  }
  SseClientOptions options;
  options.name = device.name;
  options.project = Cluster::kProject;
  options.user_id = device.api.user();
  options.token = cluster_.Token(options.user_id);
  options.edges = cluster_.EdgeEndpoints();
  options.query = device.Chance(30) ? "batch_ms=50" : "";
  options.on_event = [&device](const http::SseEvent& event) { device.view.OnEvent(event); };
  std::rotate(
      options.edges.begin(),
      options.edges.begin() + static_cast<std::ptrdiff_t>(device.Pick(options.edges.size())),
      options.edges.end());
  fleet_->Add(std::move(options));
  while (!stopping_) {
    Step(device);
    // The pace of a hasty person.
    std::this_thread::sleep_for(std::chrono::milliseconds(2 + device.Pick(25)));
  }
}

void InboxRun::Step(Device& device) {
  if (device.view.wants_list()) {
    return FetchList(device);
  }
  const std::size_t dice = device.Pick(100);
  if (dice < 34) {
    Notify(device);
  } else if (dice < 37) {
    Broadcast(device);
  } else if (dice < 40) {
    Retract(device);
  } else if (dice < 75) {
    Mark(device);
  } else if (dice < 92) {
    MarkMany(device);
  } else {
    Look(device);
  }
}

void InboxRun::FetchList(Device& device) {
  const std::size_t begun = device.view.BeginList();
  const auto pages = device.api.List(By::kToken, "archived=false&");
  if (pages.ok()) {
    ++answered_;
    const std::lock_guard lock(mutex_);
    for (const ShownPage& page : *pages) {
      books_.counts.emplace_back(device.api.user(), page.counts);
    }
    device.view.TakeList(begun, *pages);
  } else if (pages.error().code == Code::kDataLoss) {
    Note(pages.error().ToString());
  }
}

std::string InboxRun::NewName(Device& device, const std::string& what) {
  return device.name + "-" + what + "-" + std::to_string(device.named++);
}

void InboxRun::Notify(Device& device) {
  test::Publish publish;
  publish.user_id = device.api.user();
  std::string members = Member("userId", publish.user_id);
  if (device.Chance(20)) {
    const std::string key = "doc " + std::to_string(device.Pick(3));
    members += "," + Member("collapseKey", key);
    publish.tag = NewName(device, "collapse");
    const std::lock_guard lock(mutex_);
    books_.collapse_keys[publish.tag] = key;
  }
  Publish(device, std::move(publish), members);
}

void InboxRun::Broadcast(Device& device) { Publish(device, {}, "\"broadcast\":true"); }

void InboxRun::Publish(Device& device, test::Publish publish, const std::string& members) {
  publish.project = Cluster::kProject;
  publish.tag = publish.tag.empty() ? NewName(device, "note") : publish.tag;
  publish.asked_us = SteadyMicros();
  std::string body = "{" + members + "," + Member("title", publish.tag);
  if (const std::string kind = kKinds[device.Pick(kKinds.size())]; !kind.empty()) {
    body += "," + Member("kind", kind);
  }
  if (device.Chance(8)) {
    const std::chrono::milliseconds in(500 + device.Pick(kExpiresInMax.count() - 500));
    publish.expires_us = SteadyMicros() + std::chrono::microseconds(in).count();
    body += "," + Member("expiresAt", ExpiryText(in));
  }
  InboxApi::Answer answer;
  bool lost = false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    answer = device.api.AtIngest("/v1/notify", body + "}", publish.tag);
    if (answer.status != 0 && answer.status < 500) {
      break;
    }
    lost = true;
  }
  publish.answered_us = SteadyMicros();
  const EntryId id = ReadId(answer.body, "id");
  if (answer.status == 201 || (answer.status == 200 && ReadTrue(answer.body, "duplicate"))) {
    publish.outcome = test::Publish::Outcome::kAcknowledged;
    publish.ids = {id};
    ++answered_;
    device.keys.push_back(publish.tag);
    if (publish.user_id.empty()) {
      device.broadcasts.push_back(id);
    }
  } else if (answer.status == 200 && ReadTrue(answer.body, "suppressed")) {
    publish.outcome = test::Publish::Outcome::kRejected;
  } else if (answer.status >= 400 && answer.status < 500 && answer.status != 429) {
    // What expires may do so before it is sent again.
    publish.outcome = lost ? test::Publish::Outcome::kUnknown : test::Publish::Outcome::kRejected;
    if (publish.expires_us == 0) {
      Note("POST /v1/notify " + body + "}: " + std::to_string(answer.status) + " " + answer.body);
    }
  }
  const std::lock_guard lock(mutex_);
  books_.publishes.push_back(std::move(publish));
}

void InboxRun::Retract(Device& device) {
  std::string body;
  EntryId id = 0;
  if (device.Chance(40) && !device.broadcasts.empty()) {
    id = device.broadcasts[device.Pick(device.broadcasts.size())];
    body = Member("broadcastId", std::to_string(id));
  } else if (device.Chance(50) && !device.keys.empty()) {
    body = Member("idempotencyKey", device.keys[device.Pick(device.keys.size())]);
  } else {
    id = device.AnyId();
    body = Member("userId", device.api.user()) + "," + Member("id", std::to_string(id));
  }
  const auto answer = device.api.AtIngest("/v1/retract", "{" + body + "}");
  if (answer.status == 200) {
    ++answered_;
    const std::lock_guard lock(mutex_);
    if (id != 0) {
      books_.retracted.push_back(id);
    }
  } else if (answer.status >= 400 && answer.status < 500 && answer.status != 404 && id != 0) {
    Note("POST /v1/retract {" + body + "}: " + std::to_string(answer.status) + " " + answer.body);
  }
}

void InboxRun::Mark(Device& device) {
  constexpr std::array kOps = {StateOp::kRead,      StateOp::kRead,    StateOp::kUnread,
                               StateOp::kUnread,    StateOp::kArchive, StateOp::kUnarchive,
                               StateOp::kUnarchive, StateOp::kDelete};
  StateChange change;
  change.op = kOps[device.Pick(kOps.size())];
  std::set<EntryId> ids;
  for (std::size_t i = device.Chance(25) ? 2 + device.Pick(4) : 1; i > 0; --i) {
    ids.insert(device.AnyId());
  }
  ids.erase(0);
  if (ids.empty()) {
    return;
  }
  change.ids.assign(ids.begin(), ids.end());
  device.touched.insert(device.touched.end(), ids.begin(), ids.end());
  Make(device, std::move(change));
}

void InboxRun::MarkMany(Device& device) {
  StateChange change;
  const std::size_t dice = device.Pick(17);
  change.op = dice < 7    ? StateOp::kReadAll
              : dice < 11 ? StateOp::kArchiveAll
              : dice < 15 ? StateOp::kSeen
                          : StateOp::kPreferences;
  if (change.op == StateOp::kPreferences) {
    if (device.Chance(40)) {
      change.muted_kinds = {device.Chance(50) ? "news." : "chat.mention"};
    }
    return Make(device, std::move(change));
  }
  change.up_to = device.Chance(60) ? device.view.newest() : device.AnyId();
  if (change.up_to == 0) {
    return;
  }
  if (change.op != StateOp::kSeen) {
    change.kind = kPrefixes[device.Pick(kPrefixes.size())];
  }
  change.only_read = change.op == StateOp::kArchiveAll && device.Chance(60);
  Make(device, std::move(change));
}

void InboxRun::Make(Device& device, StateChange change) {
  change.operation = NewName(device, std::string(NameOf(change.op)));
  const InboxApi::By by = device.Way();
  const auto answer = device.api.Make(by, change);
  ChangeAsked asked{.user = device.api.user(), .by = by, .change = std::move(change)};
  asked.status = answer.status;
  if (answer.status == 200) {
    ++answered_;
    asked.counts = ReadCounts(answer.body);
    if (asked.change.ids.size() > 1) {
      asked.not_found = ReadNotFound(answer.body).value_or(asked.change.ids);
    }
    if (asked.counts) {
      device.view.TakeCounts(*asked.counts);
    }
  } else if (answer.status >= 400 && answer.status < 500 && answer.status != 404) {
    Note(TextOf(asked.change) + ": " + std::to_string(answer.status) + " " + answer.body);
  }
  const std::lock_guard lock(mutex_);
  books_.changes.push_back(std::move(asked));
}

void InboxRun::Look(Device& device) {
  const auto answer = device.api.Ask(
      device.Way(), "GET", device.Chance(50) ? "/counts" : "/notifications?unread=true&limit=5");
  if (answer.status != 200) {
    return;
  }
  ++answered_;
  const auto counts = ReadCounts(answer.body);
  if (!counts) {
    return Note("counts: " + answer.body);
  }
  device.view.TakeCounts(*counts);
  const std::lock_guard lock(mutex_);
  books_.counts.emplace_back(device.api.user(), *counts);
}

void InboxRun::Note(const std::string& strange) {
  const std::lock_guard lock(mutex_);
  books_.strange.push_back(strange);
}

bool InboxRun::WaitAnswered(std::size_t more) const {
  const std::size_t goal = answered_ + more;
  return WaitUntil([this, goal] { return answered_ >= goal; }, kPatience);
}

void InboxRun::Stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

std::string InboxRun::Summary() const {
  const std::lock_guard lock(mutex_);
  std::size_t done = 0, refused = 0, unknown = 0;
  for (const ChangeAsked& asked : books_.changes) {
    ++(asked.status == 200 ? done : asked.status == 404 ? refused : unknown);
  }
  return std::to_string(done) + " changes, " + std::to_string(refused) + " of what was gone, " +
         std::to_string(unknown) + " unknown";
}

}  // namespace belfry::test
