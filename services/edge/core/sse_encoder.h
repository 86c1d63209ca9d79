// SPDX-License-Identifier: Apache-2.0
// Events as the event stream (WHATWG HTML, section 9.2.6). Whatever text an event carries, one
// block comes out: CR and LF start another `data:` line, never another field or block.
#pragma once

#include <string>

#include "services/edge/core/encoder.h"

namespace belfry::edge {

class SseEncoder final : public Encoder {
 public:
  void Append(const Event& event, std::string& out) const override;
};

}  // namespace belfry::edge
