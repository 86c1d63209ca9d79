// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/nats/nats_options.h"

#include <string>
#include <utility>

#include "libs/common/address.h"

namespace belfry::wire {
namespace {

// "nats://host:port" or "tls://...", perhaps with "user:password@"; one server.
bool IsUrl(std::string_view url) {
  if (url.starts_with("nats://")) {
    url.remove_prefix(7);
  } else if (url.starts_with("tls://")) {
    url.remove_prefix(6);
  } else {
    return false;
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    url.remove_prefix(at + 1);
  }
  if (url.find_first_of(" \t\r\n,/?#") != std::string_view::npos) {
    return false;
  }
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && !url.ends_with(']');
  const std::string_view host = has_port ? url.substr(0, colon) : url;
  if (host.empty() || (host.find(':') != std::string_view::npos &&
                       !(host.starts_with('[') && host.ends_with(']')))) {
    return false;
  }
  const auto parts = SplitHostPort(url);
  return !has_port || (parts && parts->port > 0);
}

natsStatus SetTls(natsOptions* options, const NatsOptions& given) {
  natsStatus status = natsOptions_SetSecure(options, true);
  if (status == NATS_OK) {
    status = natsOptions_LoadCATrustedCertificates(options, given.tls_ca.c_str());
  }
  if (status == NATS_OK && !given.tls_cert.empty()) {
    status =
        natsOptions_LoadCertificatesChain(options, given.tls_cert.c_str(), given.tls_key.c_str());
  }
  return status;
}

natsStatus SetTimes(natsOptions* options) {
  // Each of them takes any positive number.
  natsOptions_SetTimeout(options, 500);  // for one attempt to connect
  natsOptions_SetMaxReconnect(options, -1);
  natsOptions_SetReconnectWait(options, 250);
  natsOptions_SetReconnectJitter(options, 250, 250);
  natsOptions_SetPingInterval(options, 5'000);
  natsOptions_SetMaxPingsOut(options, 2);
  natsOptions_SetWriteDeadline(options, 500);
  // What is published while there is no connection is refused, not kept: one byte is the least.
  natsOptions_SetReconnectBufSize(options, 1);
  natsOptions_SetMaxPendingMsgs(options, 65'536);
  // Written by the publisher itself: cnats' flusher would wait a millisecond for more.
  return natsOptions_SetSendAsap(options, true);
}

}  // namespace

Status FromCnats(natsStatus status, Code code, std::string_view doing) {
  if (status == NATS_OK) {
    return {};
  }
  return Fail(code, std::string(doing) + ": " + natsStatus_GetText(status));
}

Result<CnatsOptions> MakeCnatsOptions(const NatsOptions& options) {
  // The url may hold a password, so no message repeats it.
  if (!IsUrl(options.url)) {
    return Fail(Code::kInvalidArgument,
                "NATS url: must be nats://host:port or tls://host:port of one server");
  }
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) {
    return Fail(Code::kResourceExhausted, "make NATS options: no memory");
  }
  CnatsOptions made(raw);
  Status status =
      FromCnats(natsOptions_SetURL(raw, options.url.c_str()), Code::kInvalidArgument, "NATS url");
  if (status.ok()) {
    status = FromCnats(natsOptions_SetName(raw, options.name.c_str()), Code::kInvalidArgument,
                       "NATS client name");
  }
  if (status.ok()) {
    status = FromCnats(SetTimes(raw), Code::kInvalidArgument, "NATS timeouts");
  }
  if (status.ok() && !options.tls_ca.empty()) {
    status = FromCnats(
        SetTls(raw, options), Code::kInvalidArgument,
        "NATS TLS files " + options.tls_ca + ", " + options.tls_cert + ", " + options.tls_key);
  }
  if (!status.ok()) {
    return Fail(status.error());
  }
  return made;
}

}  // namespace belfry::wire
