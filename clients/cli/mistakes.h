// SPDX-License-Identifier: Apache-2.0
// What is wrong with a command although each of its flags is valid: one line; empty if it is valid.
#pragma once

#include <string>

#include "clients/cli/commands.h"

namespace belfry::cli {

std::string MistakeIn(const NotifyCommand& command);
std::string MistakeIn(const TokenCommand& command);
std::string MistakeIn(const TailCommand& command);
std::string MistakeIn(const InboxCommand& command);
std::string MistakeIn(const AudienceCommand& command);
// The others' flags cannot contradict each other.
template <typename Command>
std::string MistakeIn(const Command&) {
  return {};
}

}  // namespace belfry::cli
