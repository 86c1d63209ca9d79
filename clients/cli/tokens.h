// SPDX-License-Identifier: Apache-2.0
// Makes tokens. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "clients/cli/commands.h"
#include "libs/common/result.h"

namespace belfry::cli {

// A token as `command` says, issued at `now_unix_s`. Errors of wire::LoadSigner.
Result<std::string> MakeToken(const TokenCommand& command, std::int64_t now_unix_s);

}  // namespace belfry::cli
