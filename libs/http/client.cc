// SPDX-License-Identifier: Apache-2.0
#include "libs/http/client.h"

#include "libs/http/response_reader.h"
#include "libs/http/tcp_stream.h"

namespace belfry::http {
namespace {

std::string BytesOf(const std::string& address, const ClientRequest& request) {
  std::string bytes = request.method + " " + request.path + " HTTP/1.1\r\nHost: " + address +
                      "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) {
    bytes += name + ": " + value + "\r\n";
  }
  if (request.method != "GET" || !request.body.empty()) {
    bytes += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return bytes + "\r\n" + request.body;
}

}  // namespace

Result<ClientResponse> Call(const std::string& address, const ClientRequest& request,
                            SteadyTime deadline, std::size_t body_bytes_max) {
  const std::string doing = request.method + " http://" + address + request.path;
  auto stream = TcpStream::Connect(address, deadline);
  if (!stream.ok()) {
    return Fail(std::move(stream.error()));
  }
  if (Status sent = stream->Send(BytesOf(address, request), deadline); !sent.ok()) {
    return Fail(Wrap(doing, std::move(sent.error())));
  }
  ResponseReader reader;
  ClientResponse response;
  while (!reader.done()) {
    const Result<std::string> bytes = stream->Receive(deadline);
    if (!bytes.ok()) {
      return Fail(Wrap(doing, bytes.error()));
    }
    if (bytes->empty()) {
      break;
    }
    if (const Status fed = reader.Feed(*bytes, &response.body); !fed.ok()) {
      return Fail(Code::kDataLoss, doing + ": " + fed.error().message);
    }
    if (response.body.size() > body_bytes_max) {
      return Fail(Code::kDataLoss, doing + ": the answer is longer than " +
                                       std::to_string(body_bytes_max) + " bytes");
    }
  }
  if (!reader.head_done()) {
    return Fail(Code::kUnavailable, doing + ": the connection ended without an answer");
  }
  response.status = reader.status();
  return response;
}

}  // namespace belfry::http
