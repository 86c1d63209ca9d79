// SPDX-License-Identifier: Apache-2.0
// The requests of one user's inbox: as their browser makes them at an edge, by token, and as a
// backend makes them at ingest, by API key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/inbox.h"
#include "libs/common/result.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/inbox/inbox_json.h"

namespace belfry::test {

// Any thread; keeps nothing between calls.
class InboxApi {
 public:
  struct Answer {
    int status = 0;  // 0: it was lost, and so perhaps what was done
    std::string body = {};
  };
  enum class By { kToken, kApiKey };

  InboxApi(const Cluster& cluster, std::string user, std::size_t edge);

  // `path` is that of the browser API behind /v1: "/notifications/17/read".
  Answer Ask(By by, const std::string& method, const std::string& path,
             const std::string& body = {}, const std::string& idempotency_key = {}) const;
  // The request that asks for `change`, with its `operation` as Idempotency-Key.
  Answer Make(By by, const StateChange& change) const;
  // POST /v1/notify, /v1/retract.
  Answer AtIngest(const std::string& path, const std::string& body,
                  const std::string& idempotency_key = {}) const;
  // All pages of a list; `query` is "archived=true&". kUnavailable: an answer was lost.
  // kDataLoss: one that cannot be read.
  Result<std::vector<ShownPage>> List(By by, const std::string& query) const;

  const std::string& user() const { return user_; }

 private:
  const std::string user_;
  const std::string token_;
  const std::string api_key_;
  const Endpoint edge_;
  const Endpoint ingest_;
};

}  // namespace belfry::test
