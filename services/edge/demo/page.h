// SPDX-License-Identifier: Apache-2.0
// The demo page, made from page.html at build time. Each response replaces "@NONCE@" by its own
// nonce.
#pragma once

#include <string_view>

namespace belfry::edge {

extern const std::string_view kDemoPage;

}  // namespace belfry::edge
