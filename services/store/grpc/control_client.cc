// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/control_client.h"

#include <grpcpp/grpcpp.h>

#include <filesystem>
#include <memory>

#include "belfry/v1/store_control.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/unix_channel.h"

namespace belfry::store {

std::string ControlSocket(const std::string& data_directory) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(data_directory, error);
  return (error ? data_directory : absolute.string()) + "/control";
}

namespace {

// kNotFound, kNoStore: none listens there.
Result<std::shared_ptr<grpc::Channel>> Connect(const std::string& data_directory) {
  auto channel = wire::ConnectUnix(ControlSocket(data_directory));
  if (channel.ok()) {
    return channel;
  }
  // No store listens where the path is too long for a socket.
  const Code code = channel.error().code;
  if (code == Code::kNotFound || code == Code::kInvalidArgument) {
    return Fail(Code::kNotFound, channel.error().message, kNoStore);
  }
  return Fail(channel.error());
}

}  // namespace

Result<std::uint32_t> RequestBackup(const std::string& data_directory,
                                    const std::string& backup_directory,
                                    std::uint64_t bytes_per_second) {
  const auto channel = Connect(data_directory);
  if (!channel.ok()) {
    return Fail(channel.error());
  }
  v1::BackupRequest request;
  request.set_directory(backup_directory);
  request.set_bytes_per_second(bytes_per_second);
  v1::BackupResponse response;
  grpc::ClientContext context;
  const grpc::Status status =
      v1::StoreControlService::NewStub(*channel)->Backup(&context, request, &response);
  if (!status.ok()) {
    return Fail(Wrap("call the store", wire::FromGrpc(status)));
  }
  return response.backup_id();
}

Result<ProjectDropped> RequestDrop(const std::string& data_directory, const std::string& project,
                                   std::uint64_t operation_id) {
  const auto channel = Connect(data_directory);
  if (!channel.ok()) {
    return Fail(channel.error());
  }
  v1::DropProjectRequest request;
  request.set_project(project);
  request.set_operation_id(operation_id);
  v1::DropProjectResponse response;
  grpc::ClientContext context;
  const grpc::Status status =
      v1::StoreControlService::NewStub(*channel)->DropProject(&context, request, &response);
  if (!status.ok()) {
    return Fail(Wrap("call the store", wire::FromGrpc(status)));
  }
  return ProjectDropped{response.operation_id(), response.done(), response.cleared()};
}

}  // namespace belfry::store
