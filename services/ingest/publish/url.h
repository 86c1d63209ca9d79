// SPDX-License-Identifier: Apache-2.0
// Which URLs a notification may lead to. A browser will follow them with the user's credentials, so
// the rule is a short list of forms and not a list of known tricks. Stateless; any thread.
#pragma once

#include <string_view>

namespace belfry::ingest {

enum class UrlUse { kAction, kImage };  // where a click leads; a picture

// Empty if `url` (UTF-8, not empty) is allowed, otherwise what is wrong with it. Allowed are
//   http://host... and https://host..., without a user or password before the host;
//   mailto:... (kAction only);
//   a relative reference ("/inbox?id=3", "inbox/3", "?page=2", "#top").
// Refused everywhere, because browsers strip or rewrite them before they look at the scheme:
// control characters, whitespace, backslashes, and < > " `. A reference that begins with "//" is
// refused too: it looks relative and leads to another host.
std::string_view UrlFault(std::string_view url, UrlUse use);

}  // namespace belfry::ingest
