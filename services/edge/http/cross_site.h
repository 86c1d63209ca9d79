// SPDX-License-Identifier: Apache-2.0
// Whether a request comes from a page that may use its visitor's cookie. Immutable; any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "libs/http/message.h"

namespace belfry::edge {

// 403, CROSS_SITE.
Error CrossSiteRefusal();

class CrossSite {
 public:
  // `origins`: those that are allowed besides the edge's own, as Cors::Parse has accepted them.
  explicit CrossSite(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  // By Origin and Sec-Fetch-Site, which a page cannot forge. With neither, only a request with an
  // Authorization header is allowed: a page of another origin cannot add one without a preflight.
  bool Allows(const http::Request& request) const;
  // For what changes nothing. An EventSource or fetch of the edge's own pages may come with neither
  // header (over plain HTTP browsers leave out Sec-Fetch-Site), so only what says that it comes
  // from elsewhere is refused.
  bool AllowsReading(const http::Request& request) const;

 private:
  const std::vector<std::string> origins_;
};

}  // namespace belfry::edge
