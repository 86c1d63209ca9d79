// SPDX-License-Identifier: Apache-2.0
#include "services/edge/api/cross_site.h"

#include <algorithm>

namespace belfry::edge {

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

}  // namespace belfry::edge
