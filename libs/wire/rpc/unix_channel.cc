// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/unix_channel.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "libs/wire/rpc/unix_address.h"

namespace belfry::wire {
namespace {

Code CodeOf(int connect_error) {
  switch (connect_error) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
      return Code::kPermissionDenied;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

// gRPC's own "unix:" targets are URIs, in which a space or a percent sign of a path means something
// else, and it would try a dead socket again and again.
Result<std::shared_ptr<grpc::Channel>> ConnectUnix(const std::string& path) {
  const auto address = UnixAddressOf(path);
  if (!address.ok()) {
    return Fail(Wrap("connect to " + path, address.error()));
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    }
    return Fail(CodeOf(error), "connect to " + path + ": " + std::strerror(error));
  }
  return grpc::CreateInsecureChannelFromFd("localhost", fd);
}

}  // namespace belfry::wire
