// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/nats/nats_options.h"

#include <optional>
#include <string>
#include <utility>

#include "libs/common/address.h"
#include "libs/common/file.h"
#include "libs/common/hex.h"

namespace belfry::wire {
namespace {

// Whoever the server is to take this client for. No password: `user` is a token.
struct Credentials {
  std::string user;
  std::optional<std::string> password;
};

// A url in parts. cnats 3.4.1 decodes no %xx and cannot read a password with a slash, so it gets
// only scheme and server.
struct NatsUrl {
  std::string_view scheme;       // "nats://"
  std::string_view credentials;  // as written; empty: none
  std::string_view server;       // "host:port"
};

std::optional<NatsUrl> Split(std::string_view url) {
  NatsUrl parts;
  for (const std::string_view scheme : {"nats://", "tls://"}) {
    if (url.starts_with(scheme)) {
      parts.scheme = url.substr(0, scheme.size());
      url.remove_prefix(scheme.size());
    }
  }
  if (parts.scheme.empty()) {
    return std::nullopt;
  }
  // The last one: no host has any, and a password may.
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    parts.credentials = url.substr(0, at);
    url.remove_prefix(at + 1);
    if (parts.credentials.empty()) {
      return std::nullopt;
    }
  }
  parts.server = url;
  return parts;
}

// std::nullopt: a % that is not followed by two hex digits.
std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const auto byte = HexDecode(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) {
      return std::nullopt;
    }
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

std::optional<Credentials> Decode(std::string_view written) {
  const auto colon = written.find(':');
  auto user = PercentDecode(written.substr(0, colon));
  if (!user || user->empty()) {
    return std::nullopt;
  }
  if (colon == std::string_view::npos) {
    return Credentials{std::move(*user), std::nullopt};
  }
  auto password = PercentDecode(written.substr(colon + 1));
  if (!password) {
    return std::nullopt;
  }
  return Credentials{std::move(*user), std::move(*password)};
}

// One server, "host:port" or "host".
bool IsServer(std::string_view url) {
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

// The file's line, as it is: nothing is decoded in it.
Result<Credentials> ReadCredentials(const std::string& path) {
  constexpr std::size_t kBytesMax = 4'096;
  const auto text = ReadKeysFile(path, "deploy/make-nats-users.sh", kBytesMax);
  if (!text.ok()) {
    return Fail(Code::kInvalidArgument, "NATS credentials: " + text.error().message);
  }
  const std::string line = text->substr(0, text->find_first_of("\r\n"));
  const auto colon = line.find(':');
  if (colon == std::string::npos || colon == 0) {
    return Fail(Code::kInvalidArgument,
                "NATS credentials: " + path + " must have one line \"user:password\"");
  }
  return Credentials{line.substr(0, colon), line.substr(colon + 1)};
}

natsStatus SetCredentials(natsOptions* options, const Credentials& credentials) {
  return credentials.password ? natsOptions_SetUserInfo(options, credentials.user.c_str(),
                                                        credentials.password->c_str())
                              : natsOptions_SetToken(options, credentials.user.c_str());
}

// Those of the file, else those of the url.
Result<std::optional<Credentials>> CredentialsOf(const NatsOptions& options, const NatsUrl& url) {
  if (!options.credentials_file.empty()) {
    auto read = ReadCredentials(options.credentials_file);
    if (!read.ok()) {
      return Fail(std::move(read.error()));
    }
    return std::optional(std::move(*read));
  }
  if (url.credentials.empty()) {
    return std::optional<Credentials>();
  }
  auto decoded = Decode(url.credentials);
  if (!decoded) {
    return Fail(Code::kInvalidArgument,
                "NATS url: its user and password must not be empty, and \"%\" in them be \"%25\"");
  }
  return decoded;
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
  const auto url = Split(options.url);
  if (!url || !IsServer(url->server)) {
    return Fail(Code::kInvalidArgument,
                "NATS url: must be nats://host:port or tls://host:port of one server");
  }
  // cnats 3.4.1 would connect in plain text.
  if (url->scheme == "tls://" && options.tls_ca.empty()) {
    return Fail(Code::kInvalidArgument, "NATS url: tls:// needs the TLS files");
  }
  const auto credentials = CredentialsOf(options, *url);
  if (!credentials.ok()) {
    return Fail(credentials.error());
  }
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) {
    return Fail(Code::kResourceExhausted, "make NATS options: no memory");
  }
  CnatsOptions made(raw);
  const std::string server = std::string(url->scheme) + std::string(url->server);
  Status status =
      FromCnats(natsOptions_SetURL(raw, server.c_str()), Code::kInvalidArgument, "NATS url");
  if (status.ok() && *credentials) {
    status =
        FromCnats(SetCredentials(raw, **credentials), Code::kInvalidArgument, "NATS credentials");
  }
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
