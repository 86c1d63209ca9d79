// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/revocation_loader.h"

#include <string>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/planted_fault.h"

namespace belfry::edge {

// Shared by the loader and its calls.
struct RevocationLoader::State : std::enable_shared_from_this<State> {
  State(RevocationSource& from, Revocations& to, Log out)
      : source(from), revocations(to), log(std::move(out)) {}

  void StartIfWanted() {
    {
      const MutexLock lock(mutex);
      if (!wanted || loading) {
        return;
      }
      wanted = false;
      loading = true;
    }
    ReadPage("");
  }

  void ReadPage(const std::string& after) {
    source.ReadRevocations(after, [self = shared_from_this()](const Result<AudiencePage>& page) {
      self->OnPage(page);
    });
  }

  void OnPage(const Result<AudiencePage>& page) {
    if (!page.ok()) {
      log.Warn("cannot read which tokens are revoked; retrying", {{"error", page.error()}});
      const MutexLock lock(mutex);
      loading = false;
      wanted = true;
      return;
    }
    for (const Revocation& revocation : page->revocations) {
      revocations.Revoke(revocation.project, revocation.user_id, revocation.at_us);
    }
    if (!page->next_after.empty() && !Planted(PlantedFault::kRevocationsFirstPageOnly)) {
      return ReadPage(page->next_after);
    }
    revocations.SetLoaded();
    log.Info("loaded which tokens are revoked", {{"entries", revocations.size()}});
    const MutexLock lock(mutex);
    loading = false;
    loaded = true;
  }

  RevocationSource& source;
  Revocations& revocations;
  const Log log;
  Mutex mutex;
  bool wanted BELFRY_GUARDED_BY(mutex) = false;
  bool loading BELFRY_GUARDED_BY(mutex) = false;
  bool loaded BELFRY_GUARDED_BY(mutex) = false;  // since the last Poll
};

RevocationLoader::RevocationLoader(RevocationSource& source, Revocations& revocations, Log log)
    : state_(std::make_shared<State>(source, revocations, std::move(log))) {}
RevocationLoader::~RevocationLoader() = default;

void RevocationLoader::Want() {
  {
    const MutexLock lock(state_->mutex);
    state_->wanted = true;
  }
  state_->StartIfWanted();
}

void RevocationLoader::OnBatch(const Batch& batch) {
  if (batch.gap && !Planted(PlantedFault::kRevocationsInGapMissed)) {
    Want();
  }
}

bool RevocationLoader::Poll() {
  state_->StartIfWanted();
  const MutexLock lock(state_->mutex);
  return std::exchange(state_->loaded, false);
}

}  // namespace belfry::edge
