// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/hub.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::edge {

Hub::~Hub() { BELFRY_CHECK_EQ(members_, 0); }

void Hub::SetPartitions(Partition partitions) {
  BELFRY_CHECK(partitions > 0 && (applied_.empty() || applied_.size() == partitions));
  applied_.resize(partitions);
}

void Hub::Advance(Partition partition, EntryId position) {
  if (partition >= applied_.size()) {
    return;
  }
  Position& applied = applied_[partition];
  followed_ += applied.followed ? 0 : 1;
  applied.followed = true;
  applied.position = std::max(applied.position, position);
}

bool Hub::following(Partition partition) const {
  return partition < applied_.size() && applied_[partition].followed;
}

void Hub::Attach(HubMember& member, std::string_view project_name, std::string_view user_id) {
  BELFRY_CHECK(!member.attached() && partitions() > 0);
  auto project_at = projects_.find(project_name);
  if (project_at == projects_.end()) {
    project_at = projects_.emplace(std::string(project_name), std::make_unique<Project>()).first;
    project_at->second->name = &project_at->first;
    project_at->second->first.resize(partitions());
  }
  Project& project = *project_at->second;
  auto user_at = project.users.find(user_id);
  if (user_at == project.users.end()) {
    user_at = project.users.emplace(std::string(user_id), User{}).first;
    user_at->second.project = &project;
    user_at->second.name = &user_at->first;
    user_at->second.partition = PartitionOf(project_name, user_id, partitions());
  }
  User& user = user_at->second;

  member.user_ = &user;
  member.user_prev_ = user.newest;
  (user.newest ? user.newest->user_next_ : user.oldest) = &member;
  user.newest = &member;
  ++user.count;

  HubMember*& first = project.first[user.partition];
  member.project_next_ = first;
  if (first) {
    first->project_prev_ = &member;
  }
  first = &member;
  ++members_;
}

void Hub::Detach(HubMember& member) {
  if (!member.attached()) {
    return;
  }
  User& user = *member.user_;
  Project& project = *user.project;
  (member.user_prev_ ? member.user_prev_->user_next_ : user.oldest) = member.user_next_;
  (member.user_next_ ? member.user_next_->user_prev_ : user.newest) = member.user_prev_;
  (member.project_prev_ ? member.project_prev_->project_next_ : project.first[user.partition]) =
      member.project_next_;
  if (member.project_next_) {
    member.project_next_->project_prev_ = member.project_prev_;
  }
  member.user_ = nullptr;
  member.user_prev_ = member.user_next_ = nullptr;
  member.project_prev_ = member.project_next_ = nullptr;
  --members_;
  if (--user.count == 0) {
    project.users.erase(project.users.find(*user.name));
    if (project.users.empty()) {
      projects_.erase(projects_.find(*project.name));
    }
  }
}

const Hub::Project* Hub::FindProject(std::string_view project) const {
  const auto at = projects_.find(project);
  return at == projects_.end() ? nullptr : at->second.get();
}

const Hub::User* Hub::FindUser(std::string_view project, std::string_view user_id) const {
  const Project* found = FindProject(project);
  if (found == nullptr) {
    return nullptr;
  }
  const auto at = found->users.find(user_id);
  return at == found->users.end() ? nullptr : &at->second;
}

std::size_t Hub::CountOf(std::string_view project, std::string_view user_id) const {
  const User* user = FindUser(project, user_id);
  return user ? user->count : 0;
}

HubMember* Hub::OldestOf(std::string_view project, std::string_view user_id) const {
  const User* user = FindUser(project, user_id);
  return user ? user->oldest : nullptr;
}

std::string_view Hub::ProjectOf(const HubMember& member) { return *member.user_->project->name; }
std::string_view Hub::UserOf(const HubMember& member) { return *member.user_->name; }
Partition Hub::PartitionOfMember(const HubMember& member) { return member.user_->partition; }

}  // namespace belfry::edge
