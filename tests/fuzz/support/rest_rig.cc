// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/support/rest_rig.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <utility>

#include "libs/common/check.h"
#include "libs/wire/auth/api_keys.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

// A file that has only a descriptor, so that nothing is left of it.
std::string PathOf(const std::string& content) {
  const int file = memfd_create("api-keys", MFD_CLOEXEC);
  BELFRY_CHECK(file >= 0 && fchmod(file, 0600) == 0 &&
               write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  return "/proc/self/fd/" + std::to_string(file);
}

class OneAnswer final : public http::Responder {
 public:
  explicit OneAnswer(std::optional<http::Response>& answer) : answer_(answer) {}
  void Send(http::Response response) override {
    BELFRY_PROMISE(!answer_, "answered twice");
    answer_ = std::move(response);
  }
  int TakeSocket() override { return -1; }
  void NoteKnown() override {}
  void OnPeerGone(std::function<void()>) override {}

 private:
  std::optional<http::Response>& answer_;
};

}  // namespace

// Takes everything, but, as the port demands, never from within Start.
class RestRig::Store final : public ingest::StoreLink {
 public:
  std::shared_ptr<ingest::AppendCall> NewCall() override;

  void AnswerAll() {
    while (!waiting_.empty()) {
      const auto answer = std::move(waiting_.front());
      waiting_.pop_front();
      answer();
    }
  }
  void Wait(std::function<void()> answer) { waiting_.push_back(std::move(answer)); }
  ingest::PublishResult Take(const ingest::ItemContent& content) {
    stored_.push_back(content);
    return {stored_.size(), kNowUs, false};
  }
  std::vector<ingest::ItemContent> TakeStored() { return std::exchange(stored_, {}); }

 private:
  std::deque<std::function<void()>> waiting_;
  std::vector<ingest::ItemContent> stored_;
};

class RestRig::Call final : public ingest::AppendCall {
 public:
  explicit Call(Store& store) : store_(store) {}
  void Start(const std::vector<ingest::ItemPtr>& items, bool, Duration,
             std::function<void(ingest::AppendAnswer)> done) override {
    store_.Wait([&store = store_, items, done = std::move(done)] {
      std::vector<Result<ingest::PublishResult>> results;
      for (const ingest::ItemPtr& item : items) {
        results.emplace_back(store.Take(item->content));
      }
      done(std::move(results));
    });
  }
  void Cancel() override {}

 private:
  Store& store_;
};

// Finds and changes everything it is asked for.
class RestRig::Inboxes final : public ingest::InboxLink {
 public:
  void Update(const StateUpdate&, Duration,
              std::function<void(Result<StateUpdated>)> done) override {
    done(StateUpdated{});
  }
  void List(const ListQuery&, Duration, std::function<void(Result<ListPage>)> done) override {
    done(ListPage{});
  }
};

// Takes every change; an operation's id is how many changes were made.
class RestRig::Audiences final : public ingest::AudienceLink {
 public:
  void Update(const AudienceUpdate& update, const ingest::ItemContent* item, Duration,
              std::function<void(Result<AudienceUpdated>)> done) override {
    updates_.push_back(update);
    if (item != nullptr) {
      items_.push_back(*item);
    }
    done(AudienceUpdated{.changed = true, .operation_id = updates_.size()});
  }
  void Read(const AudienceQuery&, Duration,
            std::function<void(Result<AudiencePage>)> done) override {
    done(AudiencePage{});
  }
  std::vector<AudienceUpdate> TakeUpdates() { return std::exchange(updates_, {}); }
  std::vector<ingest::ItemContent> TakeItems() { return std::exchange(items_, {}); }

 private:
  std::vector<AudienceUpdate> updates_;
  std::vector<ingest::ItemContent> items_;
};

std::shared_ptr<ingest::AppendCall> RestRig::Store::NewCall() {
  return std::make_shared<Call>(*this);
}

RestRig::RestRig() : store_(std::make_unique<Store>()) {
  const wire::NewApiKey key = wire::MakeApiKey("fuzz", "demo", true, true, true, true);
  authorization_ = "Bearer " + key.text;
  auto keys = ingest::KeyRing::Open(PathOf(wire::ApiKeysJson({key.key})));
  BELFRY_CHECK(keys.ok());
  keys_ = std::move(*keys);
  appender_ =
      std::make_unique<ingest::Appender>(ingest::BatchLimits{}, *store_, clock_, metrics_.appender);
  publisher_.emplace(ingest::Publisher::Parts{
      *keys_, rate_limiter_, in_flight_, *appender_, metrics_, clock_, {}});
  inboxes_ = std::make_unique<Inboxes>();
  inbox_.emplace(*publisher_, *inboxes_, retries_);
  audiences_ = std::make_unique<Audiences>();
  audience_.emplace(*publisher_, *audiences_, retries_);
  api_.emplace(*inbox_, *audience_, ingest::RestLimits{});
}

RestRig::~RestRig() = default;

RestRig::Outcome RestRig::Post(std::string path, std::string body,
                               std::vector<std::pair<std::string, std::string>> more_headers) {
  http::Request request;
  request.method = http::Method::kPost;
  request.target = path;
  request.path = std::move(path);
  request.body = std::move(body);
  request.headers = std::move(more_headers);
  return Ask(std::move(request));
}

RestRig::Outcome RestRig::Ask(http::Request request) {
  request.headers.emplace_back("Authorization", authorization_);
  request.headers.emplace_back("Content-Type", "application/json");
  std::optional<http::Response> answer;
  api_->Handle(std::move(request), std::make_shared<OneAnswer>(answer));
  store_->AnswerAll();
  BELFRY_PROMISE(answer.has_value(), "never answered");
  BELFRY_PROMISE(api_->active() == 0 && in_flight_.usage().items == 0, "something is left of it");
  return {std::move(*answer), store_->TakeStored(), audiences_->TakeUpdates(),
          audiences_->TakeItems()};
}

}  // namespace belfry::fuzz
