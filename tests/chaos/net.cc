// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/net.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/chaos/command.h"
#include "tests/support/wait.h"

namespace belfry::chaos {
namespace {

namespace fs = std::filesystem;

constexpr char kIp[] = "/usr/sbin/ip";
constexpr char kNft[] = "/usr/sbin/nft";
constexpr char kEnter[] = "/usr/bin/nsenter";
constexpr char kForward[] = "/proc/sys/net/ipv4/ip_forward";

// What passes between two hosts is seen on its way in; what this namespace's own processes send, on
// its way out.
constexpr char kTable[] =
    "add table ip chaos\n"
    "add chain ip chaos in { type filter hook prerouting priority -300; }\n"
    "add chain ip chaos out { type filter hook output priority -300; }\n";

// The network namespace of a process, as the kernel names it.
std::string NamespaceOf(const std::string& process) {
  std::error_code error;
  const fs::path name = fs::read_symlink("/proc/" + process + "/ns/net", error);
  return error ? std::string() : name.string();
}

// Commands of `ip` or `nft`, one a line, all in one go.
Status Batch(std::vector<std::string> tool, const std::string& lines, const std::string& scratch) {
  const std::string file = scratch + "/batch";
  std::ofstream(file, std::ios::trunc) << lines;
  tool.push_back(file);
  return Run(tool, scratch);
}

Status Ip(const std::string& lines, const std::string& scratch) {
  return Batch({kIp, "-batch"}, lines, scratch);
}
Status Nft(const std::string& lines, const std::string& scratch) {
  return Batch({kNft, "-f"}, lines, scratch);
}

Status RouteBetweenHosts() {
  std::ofstream forward(kForward);
  forward << "1" << std::flush;
  if (forward) {
    return {};
  }
  return Fail(Code::kUnavailable, std::string("cannot write ") + kForward);
}

}  // namespace

std::optional<std::string> WhyNoNet(const std::string& scratch) {
  Status tried =
      Ip("link set lo up\nlink add probe type veth peer name probed\nlink del probe\n", scratch);
  if (tried.ok()) {
    tried = Nft(std::string(kTable) +
                    "add rule ip chaos in ip saddr 192.0.2.1 numgen random mod 100 < 1 drop\n"
                    "delete table ip chaos\n",
                scratch);
  }
  if (tried.ok()) {
    tried = RouteBetweenHosts();
  }
  if (tried.ok()) {
    return std::nullopt;
  }
  return tried.error().ToString();
}

Result<std::unique_ptr<Net>> Net::Make(const std::vector<std::string>& nodes,
                                       const std::string& scratch) {
  std::error_code ignored;
  fs::create_directories(scratch, ignored);
  std::unique_ptr<Net> net(new Net(scratch));
  Status status = Ip("link set lo up\n", scratch);
  if (status.ok()) {
    status = RouteBetweenHosts();
  }
  if (status.ok()) {
    status = Nft(kTable, scratch);
  }
  for (const std::string& node : nodes) {
    if (status.ok()) {
      status = net->AddHost(node);
    }
  }
  if (!status.ok()) {
    return Fail(std::move(status).error());
  }
  return net;
}

Status Net::AddHost(const std::string& node) {
  auto holder = test::Process::Start({"/usr/bin/unshare", "--net", "/usr/bin/sleep", "infinity"},
                                     scratch_ + "/" + node + "-host.log");
  if (!holder.ok()) {
    return Fail(std::move(holder).error());
  }
  const std::string pid = std::to_string((*holder)->pid());
  const bool apart = test::WaitUntil([&pid] {
    const std::string theirs = NamespaceOf(pid);
    return !theirs.empty() && theirs != NamespaceOf("self");
  });
  if (!apart) {
    return Fail(Code::kUnavailable, node + " got no network namespace");
  }

  const std::string number = std::to_string(hosts_.size() + 1);
  const std::string link = "host-" + number;
  const std::string subnet = "10.77." + number + ".";
  Host& host = hosts_[node];
  host = {subnet + "2", "--net=/proc/" + pid + "/ns/net", *std::move(holder)};
  const Status here =
      Ip("link add " + link + " type veth peer name uplink netns " + pid + "\naddr add " + subnet +
             "1/30 dev " + link + "\nlink set " + link + " up\n",
         scratch_);
  if (!here.ok()) {
    return here;
  }
  return Batch({kEnter, host.enter, kIp, "-batch"},
               "link set lo up\naddr add " + host.address +
                   "/30 dev uplink\nlink set uplink up\nroute add default via " + subnet + "1\n",
               scratch_);
}

void Net::Settle(test::ClusterOptions& options) const {
  for (const auto& [node, host] : hosts_) {
    options.hosts[node] = host.address;
    options.before[node] = {kEnter, host.enter};
  }
  for (auto* args : {&options.store_args, &options.ingest_args, &options.edge_args}) {
    args->push_back("--insecure");
  }
}

Status Net::Rule(const std::string& rule) {
  std::string lines;
  for (const char* chain : {"in", "out"}) {
    lines += std::string("add rule ip chaos ") + chain + " " + rule + "\n";
  }
  return Nft(lines, scratch_);
}

Status Net::Cut(const std::string& from, const std::string& to) {
  return Rule("ip saddr " + hosts_.at(from).address + " ip daddr " + hosts_.at(to).address +
              " drop");
}

Status Net::Lose(const std::string& from, const std::string& to, int percent) {
  return Rule("ip saddr " + hosts_.at(from).address + " ip daddr " + hosts_.at(to).address +
              " numgen random mod 100 < " + std::to_string(percent) + " drop");
}

Status Net::Heal() { return Nft("flush table ip chaos\n", scratch_); }

}  // namespace belfry::chaos
