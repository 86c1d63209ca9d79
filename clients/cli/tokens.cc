// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/tokens.h"

#include <algorithm>
#include <ostream>

#include "libs/common/clock.h"
#include "libs/common/hex.h"
#include "libs/common/random.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::cli {

Result<std::string> MakeToken(const TokenCommand& command, std::int64_t now_unix_s) {
  const auto signer = wire::LoadSigner(command.keys_file);
  if (!signer.ok()) {
    return Fail(signer.error());
  }
  using std::chrono::seconds;
  const seconds usual = command.ticket ? seconds(60) : seconds(3'600);
  const seconds ttl = command.ttl.count() == 0
                          ? usual
                          : std::max(std::chrono::floor<seconds>(command.ttl), seconds(1));
  wire::JwtClaims claims;
  claims.user_id = command.user;
  claims.project = command.project;
  claims.issuer = command.issuer;
  claims.audience = command.ticket ? "belfry-stream" : command.audience;
  // A ticket admits once, so that no two may be equal.
  claims.id = command.ticket ? HexEncode(RandomBytes(16)) : "";
  claims.issued_s = now_unix_s;
  claims.expires_s = now_unix_s + ttl.count();
  return wire::SignJwt(*signer, claims);
}

ExitCode Run(const TokenCommand& command, std::ostream& out, std::ostream& err) {
  const auto token = MakeToken(command, SystemClock().UnixMicros() / 1'000'000);
  if (!token.ok()) {
    Report(token.error(), false, err);
    return kFailed;
  }
  out << *token << "\n" << std::flush;
  return kDone;
}

}  // namespace belfry::cli
