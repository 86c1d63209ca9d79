// SPDX-License-Identifier: Apache-2.0
// Serves the web client's files to pages of any origin: compressed as the browser likes, the name
// with a hash for ever, the plain name for a while.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "libs/http/message.h"
#include "services/edge/http/routes.h"
#include "services/edge/web/assets.h"

namespace belfry::edge {

// A GET route per asset. What `assets` refers to must outlive the routes.
void AddWeb(Routes& routes, std::span<const WebAsset> assets);

// The answer to `request`: 200, or 304 if it has that content already.
http::Response ServeAsset(const WebAsset& asset, const http::Request& request);

enum class Coding { kIdentity, kGzip, kBrotli };
// The smallest coding that an Accept-Encoding header allows (RFC 9110, section 12.5.3); identity if
// there is no header, and also where it is refused: a file in it is better than an error.
Coding ChooseCoding(std::optional<std::string_view> accept_encoding);

}  // namespace belfry::edge
