// SPDX-License-Identifier: Apache-2.0
// Certificate authorities for tests of mutual TLS.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace belfry::test {

// An authority of its own. Its files are in `dir`, which must outlive it.
class Authority {
 public:
  struct Files {
    std::string ca, cert, key;  // paths of PEM files
  };

  Authority(const TempDir& dir, std::string name);
  ~Authority();

  const std::string& ca() const { return ca_; }
  // A fresh certificate for 127.0.0.1 and localhost, client's and server's, with `uris` in its SAN.
  // The same `name` again replaces the files.
  Files Issue(const std::string& name, const std::vector<std::string>& uris = {}) const;

 private:
  struct Impl;
  const TempDir& dir_;
  const std::string name_;
  const std::unique_ptr<Impl> impl_;
  std::string ca_;
};

}  // namespace belfry::test
