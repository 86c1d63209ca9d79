// SPDX-License-Identifier: Apache-2.0
// Under which names a port answers that trusts whoever reaches it. By DNS rebinding the name of a
// stranger's page can come to mean this machine, and then no Origin gives the page away: only the
// Host does. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace belfry::http {

// Without its port and in lower case: "localhost" of "LocalHost:8080"; "[::1]" keeps its brackets.
std::string HostName(std::string_view host);

// What no DNS server can make to mean another machine: "localhost", names below it, and what is
// written as an address of the loopback.
bool IsLoopbackName(std::string_view name);

// Whether `name` is written as an address, which no DNS server has a say in.
bool IsAddress(std::string_view name);

// The name that this machine has for itself, in lower case; empty if it has none.
std::string MachineName();

}  // namespace belfry::http
