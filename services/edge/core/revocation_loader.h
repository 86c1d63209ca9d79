// SPDX-License-Identifier: Apache-2.0
// Fills the table of revocations from the store: when this edge begins to follow it, and again
// whenever a part of the log was passed over, in which there may have been some. Thread-safe.
#pragma once

#include <memory>

#include "libs/common/log.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/revocation_source.h"
#include "services/edge/core/revocations.h"

namespace belfry::edge {

class RevocationLoader {
 public:
  // `source` and `revocations` must outlive all its calls to `source`, not only this.
  RevocationLoader(RevocationSource& source, Revocations& revocations, Log log);
  ~RevocationLoader();
  RevocationLoader(const RevocationLoader&) = delete;
  RevocationLoader& operator=(const RevocationLoader&) = delete;

  // What the store knows from now on is to be read, once more if a load is under way.
  void Want();
  // Every batch that the follower delivers: wants a load if it passed over a part of the log.
  void OnBatch(const Batch& batch);
  // Tries again if the last load has failed. True: one has succeeded since the last call. Call
  // about every half second.
  bool Poll();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace belfry::edge
