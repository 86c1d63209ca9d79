// SPDX-License-Identifier: Apache-2.0
// Events as the event stream (WHATWG HTML, section 9.2.6). Whatever text an event carries, one
// block comes out: CR and LF start another `data:` line, never another field or block. Comments and
// the first `retry:` are lines of their own, without an empty line after them: some parsers make an
// empty event of one.
#pragma once

#include <string>

#include "services/edge/core/encoder.h"

namespace belfry::edge {

class SseEncoder final : public Encoder {
 public:
  void Append(const Event& event, std::string& out) const override;
};

// The same in chunks (RFC 9112, section 7.1), for HTTP/1.1: the opening's head, then a chunk for
// each event, and after a bye the last chunk. A client that does not see the last chunk knows that
// the stream was cut.
class ChunkedSseEncoder final : public Encoder {
 public:
  void Append(const Event& event, std::string& out) const override;
};

}  // namespace belfry::edge
