// SPDX-License-Identifier: Apache-2.0
// Calls any gRPC method with any bytes.
#pragma once

#include <memory>
#include <string>

#include "tests/support/cluster/socket.h"

namespace belfry::test {

class GarbageCaller {
 public:
  explicit GarbageCaller(const Endpoint& server);
  ~GarbageCaller();

  // Sends `bytes` as the request of `method` ("/package.Service/Method"), with the metadata
  // authorization unless it is empty. The name of the code that came back: "INVALID_ARGUMENT".
  std::string Call(const std::string& method, const std::string& authorization,
                   const std::string& bytes) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::test
