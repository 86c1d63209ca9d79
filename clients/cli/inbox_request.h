// SPDX-License-Identifier: Apache-2.0
// What the inbox commands ask ingest's REST for, and what they print of its answers. Pure.
#pragma once

#include <string>

#include "clients/cli/commands.h"
#include "libs/common/result.h"
#include "libs/http/client.h"

namespace belfry::cli {

http::ClientRequest RequestOf(const InboxCommand& command);

// An answer's body for people: a line for each notification or id, and one for the counts.
std::string InboxLines(const std::string& body);

// The error of an answer that is none of success, whose body is a problem (RFC 9457) unless
// somebody else than ingest answered.
Error ErrorOf(const http::ClientResponse& response);

}  // namespace belfry::cli
