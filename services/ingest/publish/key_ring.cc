// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/key_ring.h"

#include <utility>

namespace belfry::ingest {

Result<std::unique_ptr<KeyRing>> KeyRing::Open(std::string path) {
  auto keys = wire::ApiKeys::Load(path);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  return std::unique_ptr<KeyRing>(new KeyRing(std::move(path), std::move(*keys)));
}

Status KeyRing::Reload() {
  auto keys = wire::ApiKeys::Load(path_);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  const MutexLock lock(mutex_);
  keys_ = std::move(*keys);
  generation_.fetch_add(1, std::memory_order_release);
  return {};
}

Result<Caller> KeyRing::Authenticate(std::string_view authorization) const {
  std::shared_ptr<const wire::ApiKeys> keys;
  std::uint64_t generation = 0;
  {
    const MutexLock lock(mutex_);
    keys = keys_;
    generation = generation_.load(std::memory_order_relaxed);
  }
  const auto key = keys->Authenticate(authorization);
  if (!key.ok()) {
    return Fail(key.error());
  }
  const wire::ApiKey& found = **key;
  return Caller{found.id,   found.project,   found.may_notify,  found.may_broadcast,
                generation, found.may_inbox, found.may_audience};
}

}  // namespace belfry::ingest
