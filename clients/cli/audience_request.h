// SPDX-License-Identifier: Apache-2.0
// What the commands for users, segments and operations ask ingest's REST for, and what they print
// of its answers. Pure.
#pragma once

#include <string>

#include "clients/cli/commands.h"
#include "libs/http/client.h"

namespace belfry::cli {

http::ClientRequest RequestOf(const AudienceCommand& command);

// A successful answer for people.
std::string AudienceLines(AudienceCommand::What what, const http::ClientResponse& answer);

// What --after takes to go on after a page; empty if it was the last.
std::string NextAfter(const std::string& body);

// "running", "done" or "failed", of an operation; empty if it is none.
std::string StateOf(const std::string& body);

}  // namespace belfry::cli
