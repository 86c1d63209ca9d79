// SPDX-License-Identifier: Apache-2.0
// Text from outside, made harmless. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

namespace belfry {

// How many bytes the well-formed UTF-8 sequence at the start of `text` has: 1 to 4, 0 if there is
// none (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
int Utf8SequenceBytes(std::string_view text);

bool IsUtf8(std::string_view text);

// Whether `text`, which must be UTF-8, has a control character: U+0000-U+001F, U+007F-U+009F.
bool HasControl(std::string_view text);

// `text` with each byte that is not part of well-formed UTF-8 replaced by U+FFFD.
std::string ToUtf8(std::string_view text);

// At most the first `bytes_max` bytes of `text`, cut between code points.
std::string_view TruncateUtf8(std::string_view text, std::size_t bytes_max);

// Appends `text` to `out` as a JSON string with its quotes. Whatever comes in, what goes out is
// well-formed UTF-8 on one line: controls (C0, DEL, C1), U+2028 and U+2029 are escaped, what is not
// UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace belfry
