// SPDX-License-Identifier: Apache-2.0
// The port to the audiences that the store keeps.
#pragma once

#include <functional>
#include <memory>

#include "libs/common/audience.h"
#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/ingest/core/item.h"

namespace belfry::ingest {

// Thread-safe. `done` is called exactly once, on any thread, and must not block.
class AudienceLink {
 public:
  virtual ~AudienceLink() = default;
  // `item`: the notification of kNotifySegment, without a user; null with any other op. The
  // change's own error, or the call's: then it is unknown whether it was made, and a retry (of
  // kNotifySegment with the same key) is safe.
  virtual void Update(const AudienceUpdate& update, const ItemContent* item, Duration timeout,
                      std::function<void(Result<AudienceUpdated>)> done) = 0;
  // kNotFound: there is no such user, segment or operation.
  virtual void Read(const AudienceQuery& query, Duration timeout,
                    std::function<void(Result<AudiencePage>)> done) = 0;
};

}  // namespace belfry::ingest
