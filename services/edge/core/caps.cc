// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/caps.h"

#include <optional>

namespace belfry::edge {

std::variant<Caps::Permit, Caps::Refusal> Caps::Take(const std::string& project,
                                                     const std::string& address) {
  const MutexLock lock(mutex_);
  if (streams_ >= options_.streams_max) {
    return Refusal::kProcess;
  }
  Count& of_project = *projects_.try_emplace(project, 0).first;
  Count& of_address = *addresses_.try_emplace(address, 0).first;
  std::optional<Refusal> refusal;
  if (of_project.second >= options_.per_project_max) {
    refusal = Refusal::kProject;
  } else if (of_address.second >= options_.per_address_max) {
    refusal = Refusal::kAddress;
  }
  ++of_project.second;
  ++of_address.second;
  if (refusal) {
    Decrease(projects_, of_project);
    Decrease(addresses_, of_address);
    return *refusal;
  }
  ++streams_;
  return Permit(this, {&of_project, &of_address});
}

std::int64_t Caps::streams() const {
  const MutexLock lock(mutex_);
  return streams_;
}

void Caps::Decrease(Counts& counts, Count& count) {
  if (--count.second == 0) {
    counts.erase(counts.find(count.first));
  }
}

void Caps::GiveBack(const Place& place) {
  const MutexLock lock(mutex_);
  --streams_;
  Decrease(projects_, *place.project);
  Decrease(addresses_, *place.address);
}

}  // namespace belfry::edge
