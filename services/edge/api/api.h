// SPDX-License-Identifier: Apache-2.0
// The browser API besides the stream: lists, counts, preferences and changes of what the token's
// user has. docs/protocol.md has every request and answer.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/inbox.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "services/edge/api/user_rate.h"
#include "services/edge/core/inbox.h"
#include "services/edge/http/cross_site.h"
#include "services/edge/http/routes.h"

namespace belfry::edge {

struct ApiOptions {
  UserRateOptions rate;
  std::int64_t calls_max = 1'024;  // to the store at once
  std::vector<std::string> cors_origins;
};

// Thread-safe. Must outlive the routes it has added; answers may come after it is gone.
class Api {
 public:
  // All must outlive it, and `metrics` the inbox's calls too.
  Api(ApiOptions options, Inbox& inbox, const Clock& clock, Metrics& metrics);
  ~Api();

  void AddTo(Routes& routes);

 private:
  class Call;
  struct Shared;
  using CallPtr = std::shared_ptr<Call>;
  using Parse = std::function<Result<StateChange>(const RouteCall&)>;
  using OnUpdated = std::function<void(Call&, const StateChange&, const StateUpdated&)>;

  enum class Access { kRead, kChange };
  // What all routes begin with: who it is, whether their page may, and how often they have. Null:
  // it has been answered.
  CallPtr Begin(const RouteCall& asked, std::shared_ptr<http::Responder> responder,
                std::string_view route, Access access);
  // Takes one of the calls to the store. False: it has been answered.
  bool Reserve(Call& call);

  void AddReads(Routes& routes);
  void AddChange(Routes& routes, http::Method method, std::string_view pattern, Parse parse,
                 OnUpdated answer);
  void List(const RouteCall& asked, const CallPtr& call);
  void GetOne(const RouteCall& asked, const CallPtr& call);
  void GetState(const CallPtr& call, bool preferences);

  const ApiOptions options_;
  const CrossSite cross_site_;
  Inbox& inbox_;
  const Clock& clock_;
  UserRate rate_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace belfry::edge
