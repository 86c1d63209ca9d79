// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/caps.h"

namespace belfry::edge {

Caps::Place Caps::Take(const std::string& project, const std::string& address, Refusal& refusal) {
  const MutexLock lock(mutex_);
  refusal = Refusal::kNone;
  if (streams_ >= options_.streams_max) {
    refusal = Refusal::kProcess;
    return {};
  }
  Count& of_project = *projects_.try_emplace(project, 0).first;
  Count& of_address = *addresses_.try_emplace(address, 0).first;
  if (of_project.second >= options_.per_project_max) {
    refusal = Refusal::kProject;
  } else if (of_address.second >= options_.per_address_max) {
    refusal = Refusal::kAddress;
  }
  ++of_project.second;
  ++of_address.second;
  if (refusal != Refusal::kNone) {
    Decrease(projects_, of_project);
    Decrease(addresses_, of_address);
    return {};
  }
  ++streams_;
  Place place;
  place.caps_ = this;
  place.project_ = &of_project;
  place.address_ = &of_address;
  return place;
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

void Caps::Place::Release() {
  if (caps_ == nullptr) {
    return;
  }
  Caps& caps = *std::exchange(caps_, nullptr);
  const MutexLock lock(caps.mutex_);
  --caps.streams_;
  Decrease(caps.projects_, *project_);
  Decrease(caps.addresses_, *address_);
}

}  // namespace belfry::edge
