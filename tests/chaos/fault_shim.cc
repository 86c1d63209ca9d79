// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/fault_shim.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/common/check.h"
#include "tests/chaos/needs.h"

namespace belfry::chaos {

Result<std::unique_ptr<FaultShim>> FaultShim::Make(const std::string& page_path) {
  const int fd = open(page_path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Fail(Code::kUnavailable, "make " + page_path + ": " + std::strerror(errno));
  }
  const bool sized = ftruncate(fd, sizeof(FaultPage)) == 0;
  void* page = mmap(nullptr, sizeof(FaultPage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (!sized || page == MAP_FAILED) {
    return Fail(Code::kUnavailable, "map " + page_path + ": " + std::strerror(errno));
  }
  return std::unique_ptr<FaultShim>(new FaultShim(page_path, new (page) FaultPage()));
}

FaultShim::~FaultShim() {
  Disarm();
  munmap(page_, sizeof(FaultPage));
}

std::vector<std::string> FaultShim::Words() const {
  return {"/usr/bin/env", "LD_PRELOAD=" + ShimPath(),
          std::string(kFaultPageVariable) + "=" + path_};
}

void FaultShim::Arm(const FaultRule& rule) {
  page_->armed = 0;
  page_->rule = rule;
  page_->matches = page_->acted = 0;
  page_->released = 0;
  page_->armed.store(1, std::memory_order_release);
}

void FaultShim::Disarm() {
  page_->armed = 0;
  page_->released = 1;
}

FaultRule OnFile(FaultRule::Call call, const std::string& file, FaultRule::Moment moment,
                 FaultRule::Act act) {
  FaultRule rule;
  rule.call = call;
  rule.moment = moment;
  rule.act = act;
  BELFRY_CHECK(file.size() < sizeof rule.file);
  std::memcpy(rule.file, file.c_str(), file.size() + 1);
  return rule;
}

FaultRule OnPort(FaultRule::Call call, std::uint16_t port, FaultRule::Moment moment,
                 FaultRule::Act act) {
  FaultRule rule;
  rule.call = call;
  rule.moment = moment;
  rule.act = act;
  rule.port = port;
  return rule;
}

}  // namespace belfry::chaos
