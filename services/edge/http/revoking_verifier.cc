// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/revoking_verifier.h"

#include <utility>

namespace belfry::edge {
namespace {

class RevokingVerifier final : public wire::JwtVerifier {
 public:
  RevokingVerifier(std::shared_ptr<const wire::JwtVerifier> keys, const Revocations& revocations)
      : keys_(std::move(keys)), revocations_(revocations) {}

  Result<wire::Identity> Verify(std::string_view token, std::int64_t now_unix_s) const override {
    auto identity = keys_->Verify(token, now_unix_s);
    if (identity.ok() &&
        revocations_.IsRevoked(identity->project, identity->user_id, identity->issued_s)) {
      return Fail(Code::kUnauthenticated, "token: it was revoked", "TOKEN_REVOKED");
    }
    return identity;
  }
  bool HasKey(std::uint64_t key) const override { return keys_->HasKey(key); }

 private:
  const std::shared_ptr<const wire::JwtVerifier> keys_;
  const Revocations& revocations_;
};

}  // namespace

std::shared_ptr<const wire::JwtVerifier> MakeRevokingVerifier(
    std::shared_ptr<const wire::JwtVerifier> keys, const Revocations& revocations) {
  return std::make_shared<const RevokingVerifier>(std::move(keys), revocations);
}

}  // namespace belfry::edge
