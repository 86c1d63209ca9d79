// SPDX-License-Identifier: Apache-2.0
// Reads which tokens the store knows to be revoked. The port behind RevocationLoader.
#pragma once

#include <functional>
#include <string>

#include "libs/common/audience.h"
#include "libs/common/result.h"

namespace belfry::edge {

class RevocationSource {
 public:
  virtual ~RevocationSource() = default;
  // With `revocations` and `next_after`. `done` is called exactly once, on any thread, within a
  // deadline of the implementation's.
  using OnRevocations = std::function<void(Result<AudiencePage>)>;
  // The page after `after`, a page's next_after; empty: the first one.
  virtual void ReadRevocations(const std::string& after, OnRevocations done) = 0;
};

}  // namespace belfry::edge
