// SPDX-License-Identifier: Apache-2.0
// Network namespaces for a row's nodes: each is a host of its own behind one router, the row's own
// namespace (see Need::kNetwork), where packets between any two of them can be made to vanish. All
// of it ends with the row's process and those it started; none of it has a name that could be left
// behind.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/result.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/process.h"

namespace belfry::chaos {

// Why the kernel cannot do what Net needs, tried out in this process's network namespace. That is
// not the machine's own any more. `scratch` is a directory for the tools' output.
std::optional<std::string> WhyNoNet(const std::string& scratch);

// One thread only (see process.h).
class Net {
 public:
  // A namespace for each of the nodes ("nats", "store", "edge-1", ...). kUnavailable: a tool
  // failed, with what it said. `scratch` as above, kept for the whole life.
  static Result<std::unique_ptr<Net>> Make(const std::vector<std::string>& nodes,
                                           const std::string& scratch);

  // Makes the nodes run in their namespaces, on plain links beyond loopback.
  void Settle(test::ClusterOptions& options) const;

  // From now on packets of `from` to `to` vanish, all or about that many of a hundred; the other
  // way stays as it is.
  Status Cut(const std::string& from, const std::string& to);
  Status Lose(const std::string& from, const std::string& to, int percent);
  // All packets arrive again.
  Status Heal();

 private:
  // A namespace lives as long as its holder, or a node in it.
  struct Host {
    std::string address;
    std::string enter;  // the option for nsenter
    std::unique_ptr<test::Process> holder;
  };
  explicit Net(std::string scratch) : scratch_(std::move(scratch)) {}
  Status AddHost(const std::string& node);
  Status Rule(const std::string& rule);

  const std::string scratch_;
  std::map<std::string, Host> hosts_;
};

}  // namespace belfry::chaos
