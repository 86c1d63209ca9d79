// SPDX-License-Identifier: Apache-2.0
// Verifies tokens by their keys, and refuses those that were revoked. Thread-safe.
#pragma once

#include <memory>

#include "libs/wire/auth/jwt.h"
#include "services/edge/core/revocations.h"

namespace belfry::edge {

// As `keys`; and kUnauthenticated, TOKEN_REVOKED. `revocations` must outlive it.
std::shared_ptr<const wire::JwtVerifier> MakeRevokingVerifier(
    std::shared_ptr<const wire::JwtVerifier> keys, const Revocations& revocations);

}  // namespace belfry::edge
