// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/cross_site.h"

#include <algorithm>

namespace belfry::edge {

Error CrossSiteRefusal() {
  return {Code::kPermissionDenied,
          "a request by the cookie must come from a page of the edge's own origin or of one in "
          "edge_cors_origins",
          "CROSS_SITE",
          {},
          {}};
}

bool CrossSite::Allows(const http::Request& request) const {
  const auto origin = request.Header("Origin");
  if (origin && std::find(origins_.begin(), origins_.end(), *origin) != origins_.end()) {
    return true;
  }
  // The browser's own judgement holds behind a proxy that changes Host, too. "none": the person
  // themselves, no page.
  if (const auto site = request.Header("Sec-Fetch-Site")) {
    return *site == "same-origin" || (*site == "none" && !origin);
  }
  if (origin) {
    // The scheme is not known here: TLS ends at a proxy.
    const std::string host(request.Header("Host").value_or(""));
    return *origin == "https://" + host || *origin == "http://" + host;
  }
  return request.Header("Authorization").has_value();
}

bool CrossSite::AllowsReading(const http::Request& request) const {
  const bool says = request.Header("Origin") || request.Header("Sec-Fetch-Site");
  return !says || Allows(request);
}

}  // namespace belfry::edge
