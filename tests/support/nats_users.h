// SPDX-License-Identifier: Apache-2.0
// NATS's users as deploy/make-nats-users.sh makes them, for tests.
#pragma once

#include <string>

#include "tests/support/temp_dir.h"

namespace belfry::test {

// Passwords that a url would have to encode.
inline constexpr char kNatsStorePassword[] = "st/re%2F@:";
inline constexpr char kNatsEdgePassword[] = "e@d/g#e?";

// Writes nats-users.conf, nats-store.txt and nats-edge.txt into `dir`.
inline void WriteNatsUsers(const TempDir& dir) {
  const std::string store = kNatsStorePassword;
  const std::string edge = kNatsEdgePassword;
  dir.Write("nats-store.txt", "store:" + store + "\n");
  dir.Write("nats-edge.txt", "edge:" + edge + "\n");
  dir.Write("nats-users.conf",
            "authorization { users = [\n"
            "  { user: store, password: \"" +
                store +
                "\", permissions: {"
                " publish: { allow: \"belfry.v1.>\" }, subscribe: { deny: \">\" } } }\n"
                "  { user: edge, password: \"" +
                edge +
                "\", permissions: {"
                " publish: { deny: \">\" }, subscribe: { allow: \"belfry.v1.>\" } } }\n"
                "] }\n");
}

}  // namespace belfry::test
