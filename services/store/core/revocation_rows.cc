// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/revocation_rows.h"

#include "services/store/core/key_codec.h"
#include "services/store/core/read_rows.h"

namespace belfry::store {

std::string RevokedKey(std::string_view project, std::string_view user_id) {
  return std::string(kRevokedPrefix) + AudienceKey(project, user_id);
}

std::optional<Revocation> DecodeRevocation(std::string_view key, std::string_view value) {
  if (!key.starts_with(kRevokedPrefix)) {
    return std::nullopt;
  }
  key.remove_prefix(kRevokedPrefix.size());
  const auto at_us = DecodeNumber(value);
  const auto of_project = ParseProjectKey(key);
  const auto of_user = ParseNameInProject(key);
  if (!at_us || (!of_project && !of_user)) {
    return std::nullopt;
  }
  return Revocation{std::string(of_user ? of_user->project : of_project->project),
                    std::string(of_user ? of_user->name : std::string_view()),
                    static_cast<std::int64_t>(*at_us)};
}

Result<std::int64_t> ReadRevoked(RowReader& rows, std::string_view project,
                                 std::string_view user_id) {
  auto found =
      ReadRows<std::uint64_t>(rows, Table::kMeta, {RevokedKey(project, user_id)}, DecodeNumber);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return static_cast<std::int64_t>(found->front().value_or(0));
}

void SetRevoked(CommitBatch& batch, const Revocation& revocation) {
  batch.Put(Table::kMeta, RevokedKey(revocation.project, revocation.user_id),
            EncodeNumber(static_cast<std::uint64_t>(revocation.at_us)));
}

}  // namespace belfry::store
