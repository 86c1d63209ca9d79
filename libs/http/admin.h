// SPDX-License-Identifier: Apache-2.0
// The admin port every service has: /livez, /readyz, /metrics, on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"

namespace belfry::http {

// One reason not to be ready or alive: {"check":"nats","ok":false,"detail":"..."} in the JSON body.
struct Check {
  std::string name;
  bool ok = true;
  std::string detail;
};

// 200 when every check is ok, else 503; both list all checks. The functions are called on the admin
// thread and must not block.
class Admin {
 public:
  struct Probes {
    std::function<std::vector<Check>()> live;
    std::function<std::vector<Check>()> ready;
  };
  // `hosts`: the names in Host, in lower case and without a port, under which it answers besides
  // addresses, the loopback's names and this machine's own; under others it answers 421.
  static Result<std::unique_ptr<Admin>> Start(std::string address, std::vector<std::string> hosts,
                                              Probes probes, Metrics& metrics, Log log);
  ~Admin();  // stops and joins
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  explicit Admin(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::http
