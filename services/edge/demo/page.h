// SPDX-License-Identifier: Apache-2.0
// The demo page, made from page.html at build time. "@NONCE@" stands where each response's own
// nonce belongs.
#pragma once

#include <string_view>

namespace belfry::edge {

extern const std::string_view kDemoPage;

}  // namespace belfry::edge
