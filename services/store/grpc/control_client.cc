// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/control_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>

#include "belfry/v1/store_control.grpc.pb.h"
#include "libs/wire/rpc/server.h"
#include "libs/wire/rpc/status.h"

namespace belfry::store {
namespace {

// A socket on this machine answers at once, or nobody is there.
constexpr std::chrono::seconds kConnect{5};

}  // namespace

std::string ControlTarget(const std::string& data_directory) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(data_directory, error);
  return "unix:" + ((error ? data_directory : absolute.string()) + "/control");
}

Result<std::uint32_t> AskForBackup(const std::string& data_directory,
                                   const std::string& backup_directory,
                                   std::uint64_t bytes_per_second) {
  const auto channel = wire::MakeChannel(ControlTarget(data_directory), {});
  if (!channel.ok()) {
    return Fail(channel.error());
  }
  // The channel tries a refused connection again and again; once is enough here.
  const auto patience = std::chrono::system_clock::now() + kConnect;
  grpc_connectivity_state state = (*channel)->GetState(true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!(*channel)->WaitForStateChange(state, patience)) {
      break;
    }
    state = (*channel)->GetState(false);
  }
  if (state != GRPC_CHANNEL_READY) {
    return Fail(Code::kNotFound, "no store answers at " + ControlTarget(data_directory));
  }
  v1::BackupRequest request;
  request.set_directory(backup_directory);
  request.set_bytes_per_second(bytes_per_second);
  v1::BackupResponse response;
  grpc::ClientContext context;
  const grpc::Status status =
      v1::StoreControlService::NewStub(*channel)->Backup(&context, request, &response);
  if (!status.ok()) {
    return Fail(wire::FromGrpc(status));
  }
  return response.backup_id();
}

}  // namespace belfry::store
