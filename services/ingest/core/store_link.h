// SPDX-License-Identifier: Apache-2.0
// The port to the store.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "services/ingest/core/item.h"

namespace belfry::ingest {

// As many as items, in their order; or the call's own failure: the outcome of all items is unknown.
using AppendAnswer = Result<std::vector<Result<PublishResult>>>;

// One Append call. Start once, Cancel any time and from any thread, even before Start: then the
// call fails with kCancelled and is not sent.
class AppendCall {
 public:
  virtual ~AppendCall() = default;
  // `fresh`: mark the keys that were made by us as never used. `done` is called exactly once, on
  // any thread but never from within Start. Keeps itself alive until then.
  virtual void Start(const std::vector<ItemPtr>& items, bool fresh, Duration timeout,
                     std::function<void(AppendAnswer)> done) = 0;
  virtual void Cancel() = 0;
};

// Thread-safe.
class StoreLink {
 public:
  virtual ~StoreLink() = default;
  virtual std::shared_ptr<AppendCall> NewCall() = 0;
};

}  // namespace belfry::ingest
