// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/mistakes.h"

#include <algorithm>
#include <string_view>

#include "libs/common/address.h"
#include "libs/common/config.h"
#include "libs/common/names.h"
#include "libs/common/text.h"

namespace belfry::cli {
namespace {

// Whether `text` is allowed in a header: other characters could begin another header.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

// What is wrong with `address`, the value of --`option`. gRPC's own "dns:///host:port" is let pass.
std::string MistakeInAddress(const std::string& option, const std::string& address) {
  const std::string given = "--" + option + " " + Printable(address);
  if (address.starts_with("http://") || address.starts_with("https://")) {
    return given + " is an URL: give HOST:PORT alone";
  }
  const bool of_grpc = address.find(":///") != std::string::npos;
  if (!IsPlain(address) || (!of_grpc && !SplitHostPort(address))) {
    return given + " is not HOST:PORT";
  }
  return {};
}

// What is wrong with how ingest's REST would be asked.
std::string MistakeInCall(const std::string& ingest, const std::string& api_key, bool insecure) {
  if (api_key.empty()) {
    return "no API key: set BELFRY_API_KEY or give --api-key";
  }
  if (!IsPlain(api_key)) {
    return "--api-key is not an API key";
  }
  if (std::string wrong = MistakeInAddress("ingest", ingest); !wrong.empty()) {
    return wrong;
  }
  if (!insecure && !IsLoopback(ingest)) {
    return "--ingest " + ingest +
           " is not loopback: the key would travel in the clear; --insecure allows it";
  }
  return {};
}

}  // namespace

std::string MistakeIn(const NotifyCommand& command) {
  for (const std::string* text : {&command.title, &command.body, &command.kind, &command.actor_id,
                                  &command.subject_type, &command.subject_id, &command.action_url,
                                  &command.image_url, &command.meta, &command.segment}) {
    if (!IsUtf8(*text)) {
      return "an argument is not UTF-8: " + Printable(*text);
    }
  }
  if (!command.broadcast && command.user.empty() == command.segment.empty()) {
    return "notify needs either --user or --segment";
  }
  if (!command.exclude.empty() && !command.user.empty()) {
    return "--exclude goes with --segment, or with a broadcast";
  }
  if (command.api_key.empty()) {
    return "no API key: set BELFRY_API_KEY or give --api-key";
  }
  if (!IsPlain(command.api_key)) {
    return "--api-key is not an API key";
  }
  if (std::string wrong = MistakeInAddress("ingest", command.ingest); !wrong.empty()) {
    return wrong;
  }
  if (command.tls_ca.empty() && !command.insecure && !IsLoopback(command.ingest)) {
    return "--ingest " + command.ingest +
           " is not loopback: give --tls-ca, --tls-cert and --tls-key, or --insecure to send the "
           "key in the clear";
  }
  return {};
}

std::string MistakeIn(const TokenCommand& command) {
  if (command.keys_file.empty()) {
    return "no keys to sign with: set BELFRY_JWT_KEYS_FILE or give --keys-file";
  }
  if (!IsProject(command.project)) {
    return "BELFRY_PROJECT must be 1 to 64 of [A-Za-z0-9_.-]";
  }
  if (command.ticket && command.ttl > std::chrono::seconds(60)) {
    return "--ttl: a ticket lives at most 60s";
  }
  return {};
}

std::string MistakeIn(const TailCommand& command) {
  if (!IsPlain(command.last_event_id)) {
    return "--last-event-id is not a cursor";
  }
  if (!IsPlain(command.token)) {
    return "--token is not a token";
  }
  if (std::string wrong = MistakeInAddress("edge", command.edge); !wrong.empty()) {
    return wrong;
  }
  if (!command.insecure && !IsLoopback(command.edge)) {
    return "--edge " + command.edge +
           " is not loopback: the token would travel in the clear; --insecure allows it";
  }
  if (!command.new_token.user.empty()) {
    return MistakeIn(command.new_token);
  }
  return command.token.empty() ? "tail needs --user, --token or BELFRY_TOKEN" : std::string();
}

std::string MistakeIn(const InboxCommand& command) {
  std::string wrong = MistakeInCall(command.ingest, command.api_key, command.insecure);
  if (!wrong.empty() || command.what != InboxCommand::What::kRetract) {
    return wrong;
  }
  const bool one = !command.user.empty() && !command.ids.empty();
  const bool part = command.user.empty() != command.ids.empty();
  const int targets = (one ? 1 : 0) + (command.broadcast.empty() ? 0 : 1) +
                      (command.idempotency_key.empty() ? 0 : 1);
  return targets == 1 && !part
             ? std::string()
             : "retract needs either --user and an id, or --broadcast, or --idempotency-key";
}

std::string MistakeIn(const AudienceCommand& command) {
  std::string wrong = MistakeInCall(command.ingest, command.api_key, command.insecure);
  if (!wrong.empty()) {
    return wrong;
  }
  for (const std::string& attribute : command.attributes) {
    if (!IsUtf8(attribute) || attribute.find('=') == std::string::npos) {
      return "an attribute is KEY=VALUE, not " + Printable(attribute);
    }
  }
  for (const std::string& user : command.users) {
    if (!IsUtf8(user)) {
      return "a user's id is not UTF-8: " + Printable(user);
    }
  }
  return command.timeout.count() > 0 && !command.wait ? "--timeout goes with --wait"
                                                      : std::string();
}

}  // namespace belfry::cli
