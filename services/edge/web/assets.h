// SPDX-License-Identifier: Apache-2.0
// The files of clients/web as they were built, part of the program. Constants; any thread.
#pragma once

#include <span>
#include <string_view>

namespace belfry::edge {

struct WebAsset {
  std::string_view path;       // "/widget.js"
  std::string_view version;    // of the content: the hash in the other path it has
  bool immutable;              // its path has the hash: what is there never changes
  std::string_view integrity;  // "sha384-...", as an integrity attribute has it
  std::string_view identity;
  std::string_view gzip;
  std::string_view brotli;
};

// None in a build with BELFRY_WEB=OFF.
std::span<const WebAsset> WebAssets();

}  // namespace belfry::edge
