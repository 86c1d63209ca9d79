// SPDX-License-Identifier: Apache-2.0
// One core's streams by partition, project and user, and how far each partition was applied here.
// Not thread-safe: every call comes from the core's own thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/keyed_hash.h"

namespace belfry::edge {

// What the hub keeps inside each stream, so that attaching needs no allocation for it. A stream
// derives from it; it must be detached before it ends.
class HubMember {
 public:
  bool attached() const { return user_ != nullptr; }

 protected:
  HubMember() = default;
  ~HubMember() = default;
  HubMember(const HubMember&) = delete;
  HubMember& operator=(const HubMember&) = delete;

 private:
  friend class Hub;
  struct Project;
  struct User;
  HubMember* user_prev_ = nullptr;
  HubMember* user_next_ = nullptr;
  HubMember* project_prev_ = nullptr;
  HubMember* project_next_ = nullptr;
  User* user_ = nullptr;
};

class Hub {
 public:
  Hub() = default;
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // Before anything is attached; it cannot change afterwards.
  void SetPartitions(Partition partitions);
  Partition partitions() const { return static_cast<Partition>(applied_.size()); }

  // `position` was applied; the first call makes the partition followed.
  void Advance(Partition partition, EntryId position);
  // Is live delivery of this partition under way? False for one that does not exist.
  bool following(Partition partition) const;
  bool following_all() const { return partitions() > 0 && followed_ == partitions(); }
  EntryId applied(Partition partition) const { return applied_[partition].position; }

  // O(1). The user's newest from now on. SetPartitions must have been called.
  void Attach(HubMember& member, std::string_view project, std::string_view user_id);
  // O(1). No effect if it is not attached.
  void Detach(HubMember& member);

  std::size_t members() const { return members_; }
  // How many this user has, and the one attached first (null: none).
  std::size_t CountOf(std::string_view project, std::string_view user_id) const;
  HubMember* OldestOf(std::string_view project, std::string_view user_id) const;
  // The project and user of an attached member; the texts live as long as it is attached.
  static std::string_view ProjectOf(const HubMember& member);
  static std::string_view UserOf(const HubMember& member);
  static Partition PartitionOfMember(const HubMember& member);

  // Calls visit(HubMember&) for each of the user's, oldest first; for each of the project's in the
  // partition; for each of the partition. `visit` must not attach or detach.
  template <typename Visit>
  void ForUser(std::string_view project, std::string_view user_id, Visit visit) const;
  template <typename Visit>
  void ForProject(Partition partition, std::string_view project, Visit visit) const;
  template <typename Visit>
  void ForPartition(Partition partition, Visit visit) const;

 private:
  using User = HubMember::User;
  using Project = HubMember::Project;
  struct Position {
    EntryId position = 0;
    bool followed = false;
  };

  const User* FindUser(std::string_view project, std::string_view user_id) const;
  const Project* FindProject(std::string_view project) const;

  std::map<std::string, std::unique_ptr<Project>, std::less<>> projects_;  // walked over by name
  std::vector<Position> applied_;
  Partition followed_ = 0;
  std::size_t members_ = 0;
};

struct HubMember::User {
  Project* project = nullptr;
  const std::string* name = nullptr;  // the key under which the project has it
  HubMember* oldest = nullptr;
  HubMember* newest = nullptr;
  std::uint32_t count = 0;
  Partition partition = 0;
};

struct HubMember::Project {
  const std::string* name = nullptr;
  std::vector<HubMember*> first;  // by partition
  TextMap<User> users;
};

template <typename Visit>
void Hub::ForUser(std::string_view project, std::string_view user_id, Visit visit) const {
  const User* user = FindUser(project, user_id);
  for (HubMember* m = user ? user->oldest : nullptr; m != nullptr; m = m->user_next_) {
    visit(*m);
  }
}

template <typename Visit>
void Hub::ForProject(Partition partition, std::string_view project, Visit visit) const {
  const Project* found = FindProject(project);
  if (found == nullptr || partition >= found->first.size()) {
    return;
  }
  for (HubMember* m = found->first[partition]; m != nullptr; m = m->project_next_) {
    visit(*m);
  }
}

template <typename Visit>
void Hub::ForPartition(Partition partition, Visit visit) const {
  for (const auto& [name, project] : projects_) {
    ForProject(partition, name, visit);
  }
}

}  // namespace belfry::edge
