// SPDX-License-Identifier: Apache-2.0
// The internal keys of tests: who calls the store, and how a test itself calls it.
#pragma once

#include <memory>
#include <string>

#include "tests/support/temp_dir.h"

namespace grpc {
class Channel;
}

namespace belfry::test {

// "<id>.<secret>". They are the same in every test, so that a test that is given an address only
// can call the store that listens there.
inline constexpr char kIngestKey[] = "ingest.the-secret-of-tests-ingest";
inline constexpr char kEdgeKey[] = "edge.the-secret-of-tests-edges";
inline constexpr char kOperatorKey[] = "operator.the-secret-of-tests-operators";
inline constexpr char kEveryRoleKey[] = "tester.the-secret-of-tests";  // has all roles

// Paths of files with them.
struct InternalKeyFiles {
  std::string store;   // internal_keys_file: all of the above
  std::string ingest;  // internal_key_file
  std::string edge;    // internal_key_file
};
InternalKeyFiles WriteInternalKeys(const TempDir& dir);

// A channel to a store, each call of which shows `key`.
std::shared_ptr<grpc::Channel> StoreChannel(const std::string& address,
                                            const std::string& key = kEveryRoleKey);

}  // namespace belfry::test
