// SPDX-License-Identifier: Apache-2.0
// The build without clients/web.
#include "services/edge/web/assets.h"

namespace belfry::edge {

std::span<const WebAsset> WebAssets() { return {}; }

}  // namespace belfry::edge
