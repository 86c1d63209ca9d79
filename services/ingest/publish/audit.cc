// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/audit.h"

#include <utility>

#include "libs/common/text.h"
#include "libs/common/time_text.h"

namespace belfry::ingest {
namespace {

void AppendField(std::string_view name, std::string_view value, std::string* out) {
  *out += ",\"";
  *out += name;
  *out += "\":";
  AppendJsonString(value, out);
}

}  // namespace

AuditTrail::~AuditTrail() {
  const MutexLock lock(mutex_);
  if (targets_seen_ + accepted_ + refused_ > 0) {
    sink_.Write(Line());
  }
}

void AuditTrail::SetKey(std::string key_id, std::string project) {
  const MutexLock lock(mutex_);
  key_id_ = std::move(key_id);
  project_ = std::move(project);
}

void AuditTrail::Target(std::string target) {
  const MutexLock lock(mutex_);
  ++targets_seen_;
  if (targets_.size() < kNamesMax) {
    targets_.push_back(std::move(target));
  }
}

void AuditTrail::Accept(std::uint64_t id) {
  const MutexLock lock(mutex_);
  ++accepted_;
  if (id != 0 && ids_.size() < kNamesMax) {
    ids_.push_back(id);
  }
}

void AuditTrail::Refuse(const Error& why) {
  const MutexLock lock(mutex_);
  ++refused_;
  if (reason_.empty()) {
    reason_ = why.reason.empty() ? std::string(CodeName(why.code)) : why.reason;
  }
}

std::string AuditTrail::Line() const {
  std::string line = "{\"time\":\"" + Rfc3339(head_.unix_us) + "\"";
  AppendField("transport", head_.transport, &line);
  AppendField("method", head_.method, &line);
  AppendField("peer", head_.peer, &line);
  if (!key_id_.empty()) {
    AppendField("key", key_id_, &line);
    AppendField("project", project_, &line);
  }
  line += ",\"targets\":[";
  for (const std::string& target : targets_) {
    line += line.back() == '[' ? "" : ",";
    AppendJsonString(target, &line);
  }
  line += "],\"targetCount\":" + std::to_string(targets_seen_) + ",\"ids\":[";
  for (const std::uint64_t id : ids_) {
    line += (line.back() == '[' ? "\"" : ",\"") + std::to_string(id) + "\"";
  }
  line +=
      "],\"accepted\":" + std::to_string(accepted_) + ",\"refused\":" + std::to_string(refused_);
  if (!reason_.empty()) {
    AppendField("reason", reason_, &line);
  }
  return line + "}\n";
}

}  // namespace belfry::ingest
