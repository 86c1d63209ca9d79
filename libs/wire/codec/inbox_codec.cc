// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/inbox_codec.h"

#include <algorithm>
#include <utility>

#include "belfry/v1/inbox.pb.h"
#include "belfry/v1/store_service.pb.h"
#include "libs/wire/codec/log_codec.h"

namespace belfry::wire {

void ToProto(const Counts& counts, v1::Counts* proto) {
  proto->set_unread_count(counts.unread);
  proto->set_unseen_count(counts.unseen);
  for (const KindCount& kind : counts.by_kind) {
    (*proto->mutable_by_kind())[kind.kind] = kind.count;
  }
  proto->set_up_to(counts.up_to);
}

Counts FromProto(const v1::Counts& proto) {
  Counts counts{.unread = proto.unread_count(),
                .unseen = proto.unseen_count(),
                .by_kind = {},
                .up_to = proto.up_to()};
  for (const auto& [kind, count] : proto.by_kind()) {
    counts.by_kind.push_back({kind, count});
  }
  std::sort(counts.by_kind.begin(), counts.by_kind.end(),
            [](const KindCount& a, const KindCount& b) { return a.kind < b.kind; });
  return counts;
}

void ToProto(const StateUpdate& update, v1::StateUpdate* proto) {
  const StateChange& change = update.change;
  proto->set_project(update.project);
  proto->set_user_id(update.user_id);
  proto->set_op(static_cast<v1::StateOp>(change.op));
  proto->mutable_ids()->Add(change.ids.begin(), change.ids.end());
  proto->set_up_to(change.up_to);
  proto->set_kind(change.kind);
  proto->set_only_read(change.only_read);
  for (const std::string& kind : change.muted_kinds) {
    proto->add_muted_kinds(kind);
  }
  proto->set_operation(change.operation);
  proto->set_idempotency_key(update.idempotency_key);
  proto->set_may_retract_broadcast(update.may_retract_broadcast);
}

StateUpdate FromProto(v1::StateUpdate proto) {
  StateUpdate update;
  update.project = std::move(*proto.mutable_project());
  update.user_id = std::move(*proto.mutable_user_id());
  update.idempotency_key = std::move(*proto.mutable_idempotency_key());
  update.may_retract_broadcast = proto.may_retract_broadcast();
  StateChange& change = update.change;
  change.op =
      v1::StateOp_IsValid(proto.op()) ? static_cast<StateOp>(proto.op()) : StateOp::kUnspecified;
  change.ids.assign(proto.ids().begin(), proto.ids().end());
  change.up_to = proto.up_to();
  change.kind = std::move(*proto.mutable_kind());
  change.only_read = proto.only_read();
  change.muted_kinds.assign(proto.muted_kinds().begin(), proto.muted_kinds().end());
  change.operation = std::move(*proto.mutable_operation());
  return update;
}

void ToProto(const StateUpdated& updated, v1::StateUpdated* proto) {
  ToProto(updated.counts, proto->mutable_counts());
  proto->mutable_not_found()->Add(updated.not_found.begin(), updated.not_found.end());
  proto->set_changed(updated.changed);
}

StateUpdated FromProto(const v1::StateUpdated& proto) {
  return {.counts = FromProto(proto.counts()),
          .not_found = {proto.not_found().begin(), proto.not_found().end()},
          .changed = proto.changed()};
}

void ToProto(const ListQuery& query, v1::StoreServiceListNotificationsRequest* proto) {
  proto->set_project(query.project);
  proto->set_user_id(query.user_id);
  proto->set_limit(query.limit);
  proto->set_before(query.before);
  proto->set_id(query.id);
  if (query.unread) {
    proto->set_unread(*query.unread);
  }
  proto->set_archived(query.archived);
  proto->set_kind(query.kind);
  proto->set_level(query.level);
  proto->set_if_version(query.if_version);
}

ListQuery FromProto(const v1::StoreServiceListNotificationsRequest& proto) {
  return {.project = proto.project(),
          .user_id = proto.user_id(),
          .limit = proto.limit(),
          .before = proto.before(),
          .id = proto.id(),
          .unread = proto.has_unread() ? std::optional(proto.unread()) : std::nullopt,
          .archived = proto.archived(),
          .kind = proto.kind(),
          .level = proto.level(),
          .if_version = proto.if_version()};
}

void ToProto(const ListPage& page, v1::StoreServiceListNotificationsResponse* proto) {
  for (const Entry& entry : page.entries) {
    ToProto(entry, proto->add_entries());
  }
  proto->set_next_before(page.next_before);
  proto->set_oldest_id(page.oldest_id);
  ToProto(page.counts, proto->mutable_counts());
  for (const std::string& kind : page.muted_kinds) {
    proto->add_muted_kinds(kind);
  }
  proto->set_version(page.version);
  proto->set_unchanged(page.unchanged);
}

Result<ListPage> FromProto(v1::StoreServiceListNotificationsResponse proto) {
  ListPage page;
  page.entries.reserve(static_cast<std::size_t>(proto.entries_size()));
  for (v1::LogEntry& entry_proto : *proto.mutable_entries()) {
    auto entry = FromProto(std::move(entry_proto));
    if (!entry.ok()) {
      return Fail(Wrap("decode list", std::move(entry).error()));
    }
    page.entries.push_back(*std::move(entry));
  }
  page.next_before = proto.next_before();
  page.oldest_id = proto.oldest_id();
  page.counts = FromProto(proto.counts());
  page.muted_kinds.assign(proto.muted_kinds().begin(), proto.muted_kinds().end());
  page.version = proto.version();
  page.unchanged = proto.unchanged();
  return page;
}

}  // namespace belfry::wire
