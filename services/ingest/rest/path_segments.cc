// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/path_segments.h"

#include <cstddef>
#include <utility>

#include "libs/http/message.h"

namespace belfry::ingest {

std::vector<std::string> PathSegments(std::string_view path) {
  std::vector<std::string> segments;
  while (true) {
    const std::size_t slash = path.find('/');
    auto segment = http::PercentDecode(path.substr(0, slash), false);
    if (!segment) {
      return {};
    }
    segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) {
      return segments;
    }
    path.remove_prefix(slash + 1);
  }
}

}  // namespace belfry::ingest
