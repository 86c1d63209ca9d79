// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <atomic>
#include <chrono>
#include <set>
#include <utility>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "libs/wire/rpc/status.h"

namespace belfry::wire {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using Request = grpc::reflection::v1::ServerReflectionRequest;
using Response = grpc::reflection::v1::ServerReflectionResponse;

constexpr std::size_t kRequestBytesMax = 4 * 1024;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

// `file` and what it imports, each once, after what it needs.
void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>* added,
             grpc::reflection::v1::FileDescriptorResponse* files) {
  if (!added->insert(&file).second) {
    return;
  }
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) {
    AddFile(*file.dependency(i), added, files);
  }
}

void AnswerFile(const FileDescriptor* file, const std::string& what, Response* response) {
  if (file == nullptr) {
    response->mutable_error_response()->set_error_code(static_cast<int>(Code::kNotFound));
    response->mutable_error_response()->set_error_message("describe " + what + ": unknown here");
    return;
  }
  std::set<const FileDescriptor*> added;
  AddFile(*file, &added, response->mutable_file_descriptor_response());
}

void AnswerExtensionNumbers(const std::string& type, Response* response) {
  const auto* const message = Pool().FindMessageTypeByName(type);
  if (message == nullptr) {
    return AnswerFile(nullptr, type, response);
  }
  auto* const numbers = response->mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(message, &extensions);
  for (const FieldDescriptor* extension : extensions) {
    numbers->add_extension_number(extension->number());
  }
}

Response Answer(const Request& request, const std::vector<std::string>& services) {
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      AnswerFile(Pool().FindFileByName(request.file_by_filename()), request.file_by_filename(),
                 &response);
      break;
    case Request::kFileContainingSymbol:
      AnswerFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()),
                 request.file_containing_symbol(), &response);
      break;
    case Request::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      const auto* const message = Pool().FindMessageTypeByName(wanted.containing_type());
      const auto* const extension =
          message == nullptr ? nullptr
                             : Pool().FindExtensionByNumber(message, wanted.extension_number());
      AnswerFile(extension == nullptr ? nullptr : extension->file(), wanted.containing_type(),
                 &response);
      break;
    }
    case Request::kAllExtensionNumbersOfType:
      AnswerExtensionNumbers(request.all_extension_numbers_of_type(), &response);
      break;
    case Request::kListServices:
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(static_cast<int>(Code::kInvalidArgument));
      response.mutable_error_response()->set_error_message("describe: nothing was asked");
      break;
  }
  return response;
}

}  // namespace

struct Reflection::State {
  std::vector<std::string> services;  // constant once the server takes connections
  std::atomic<std::size_t> streams{0};
};

namespace {

// One call: a question, its answer, the next question. Deletes itself in the end.
class Stream final : public HeadFirstService::Reactor {
 public:
  Stream(const std::vector<std::string>& services, std::atomic<std::size_t>& streams)
      : services_(services), streams_(streams) {
    if (streams_.fetch_add(1) < Reflection::kStreamsMax) {
      StartRead(&bytes_);
    } else {
      Finish(ToGrpc({Code::kResourceExhausted,
                     "describe: too many ask at once",
                     "TOO_MANY_STREAMS",
                     {},
                     std::chrono::milliseconds(1000)}));
    }
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) {
      return Finish(grpc::Status::OK);
    }
    grpc::Slice slice;
    Request request;
    if (bytes_.Length() > kRequestBytesMax || !bytes_.DumpToSingleSlice(&slice).ok() ||
        !request.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
      return Finish(ToGrpc(
          {Code::kInvalidArgument, "describe: no ServerReflectionRequest", "MALFORMED_MESSAGE"}));
    }
    const grpc::Slice answer(Answer(request, services_).SerializeAsString());
    bytes_ = grpc::ByteBuffer(&answer, 1);
    StartWrite(&bytes_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      return Finish(grpc::Status::CANCELLED);
    }
    bytes_.Clear();
    StartRead(&bytes_);
  }
  void OnDone() override {
    streams_.fetch_sub(1);
    delete this;
  }

  const std::vector<std::string>& services_;
  std::atomic<std::size_t>& streams_;
  grpc::ByteBuffer bytes_;
};

}  // namespace

Reflection::Reflection()
    : state_(std::make_unique<State>()),
      v1_(grpc::reflection::v1::ServerReflectionRequest::descriptor()
              ->file()
              ->service(0)
              ->full_name()),
      v1alpha_(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor()
                   ->file()
                   ->service(0)
                   ->full_name()) {
  // Linked for its description only.
  grpc::health::v1::HealthCheckRequest::descriptor();
  for (HeadFirstService* const service : {&v1_, &v1alpha_}) {
    service->Add("ServerReflectionInfo", [state = state_.get()](const CallHead&) {
      return new Stream(state->services, state->streams);
    });
  }
}
Reflection::~Reflection() = default;

std::vector<grpc::Service*> Reflection::services() { return {&v1_, &v1alpha_}; }

void Reflection::SetServices(std::vector<std::string> names) {
  state_->services = std::move(names);
}

}  // namespace belfry::wire
