// SPDX-License-Identifier: Apache-2.0
// A Response as it goes out. Stateless; any thread.
#pragma once

#include <ctime>
#include <string>

#include "libs/http/message.h"

namespace belfry::http {

// The whole answer at `now` (unix seconds, for Date). `without_body`: a HEAD's, whose
// Content-Length is still the body's; of an empty one there is none. Aborts when a header's name is
// not a token or its value has a CR, an LF, a NUL or another control character.
std::string ResponseBytes(const Response& response, bool without_body, bool close, std::time_t now);

}  // namespace belfry::http
