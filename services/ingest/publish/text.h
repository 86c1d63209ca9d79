// SPDX-License-Identifier: Apache-2.0
// What text from outside may consist of. Stateless; any thread.
#pragma once

#include <string_view>

namespace belfry::ingest {

// Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate, nothing beyond U+10FFFF.
bool IsUtf8(std::string_view text);

// True if `text`, which must be UTF-8, has a control character: U+0000-U+001F, U+007F-U+009F.
bool HasControl(std::string_view text);

// True if every byte is one of [A-Za-z0-9] or of `also`.
bool IsAlnumOr(std::string_view text, std::string_view also);

// Space to tilde: 0x20-0x7E.
bool IsPrintableAscii(std::string_view text);

}  // namespace belfry::ingest
