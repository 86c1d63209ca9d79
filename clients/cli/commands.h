// SPDX-License-Identifier: Apache-2.0
// The commands of `belfry` as plain values, and the functions that run them.
#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "clients/cli/exit_codes.h"

namespace belfry::cli {

struct NotifyCommand {
  bool broadcast = false;
  std::string ingest;  // "127.0.0.1:7100"
  std::string api_key;
  std::string tls_ca, tls_cert, tls_key;
  bool insecure = false;
  std::string user, segment, title, body, kind, level, actor_id, subject_type, subject_id,
      action_url, image_url, meta, idempotency_key;
  std::vector<std::string> exclude;         // users
  std::chrono::milliseconds expires_in{0};  // 0: never
  std::chrono::milliseconds timeout{10'000};
  bool json = false;
};

struct TokenCommand {
  std::string keys_file;
  std::string user, project, issuer, audience;
  std::chrono::milliseconds ttl{0};  // 0: an hour, of a ticket a minute
  bool ticket = false;
};

struct TailCommand {
  std::string edge;  // "127.0.0.1:8080"
  bool insecure = false;
  std::string token;       // used as it is, if not empty
  TokenCommand new_token;  // else one is made for each connection
  std::string last_event_id;
  std::int64_t batch_ms = 0;
  std::int64_t count = 0;                // 0: no end
  std::chrono::milliseconds timeout{0};  // 0: none
  bool json = false;
  bool verbose = false;
};

struct CheckConfigCommand {
  std::string service;                 // "store"
  std::vector<std::string> arguments;  // for its binary
};

struct HealthCommand {
  std::string url;  // "http://127.0.0.1:7201/readyz"
  std::chrono::milliseconds timeout{2'000};
};

// What is done to a user's inbox, or read of it. Ids are as they were given: ingest checks them.
struct InboxCommand {
  enum class What {
    kList,
    kRead,
    kUnread,
    kArchive,
    kDelete,
    kReadAll,
    kSeen,
    kCounts,
    kPreferences,
    kRetract,
  };
  What what = What::kList;
  std::string ingest;  // "127.0.0.1:7180"
  std::string api_key;
  bool insecure = false;
  std::string user;
  std::vector<std::string> ids;
  std::string up_to;
  std::string limit, before, kind, level;
  bool unread = false, archived = false;
  std::vector<std::string> muted;
  bool mute_none = false;
  bool set_muted = false;  // else the preferences are read
  std::string broadcast, idempotency_key;
  std::chrono::milliseconds timeout{10'000};
  bool json = false;
};

// What is said or read of a project's users and segments, or how far an operation is. Names are as
// they were given: ingest checks them.
struct AudienceCommand {
  enum class What {
    kCreateSegment,
    kDeleteSegment,
    kListSegments,
    kAddMembers,
    kRemoveMembers,
    kListMembers,
    kSetUser,
    kShowUser,
    kListUsers,
    kEraseUser,
    kRevokeUser,
    kRevokeAll,
    kKickUser,
    kOperation,
  };
  What what = What::kListSegments;
  std::string ingest;  // "127.0.0.1:7180"
  std::string api_key;
  bool insecure = false;
  std::string name;  // the segment's, the user's or the operation's
  std::vector<std::string> users;
  std::vector<std::string> attributes;  // "plan=pro"
  std::string after, limit;
  bool wait = false;                     // until the operation has ended
  std::chrono::milliseconds timeout{0};  // of `wait`; 0: none
  bool json = false;
};

struct NewApiKeyCommand {
  std::string file, id, project;
  bool may_notify = false, may_broadcast = false, may_inbox = false, may_audience = false;
};

struct NewInternalKeyCommand {
  std::string file, id;
  std::vector<std::string> roles;  // names, which are roles'
};

struct NewJwtKeysCommand {
  std::string file;  // empty: stdout
  std::string kid;
};

struct NewAnnounceKeyCommand {
  std::string file;  // empty: stdout
  std::string id;
};

using Command = std::variant<NotifyCommand, TokenCommand, TailCommand, CheckConfigCommand,
                             HealthCommand, InboxCommand, AudienceCommand, NewApiKeyCommand,
                             NewInternalKeyCommand, NewJwtKeysCommand, NewAnnounceKeyCommand>;

// Each writes its result to `out` and what went wrong to `err`.
ExitCode Run(const NotifyCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const TokenCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const TailCommand& command, std::ostream& out, std::ostream& err);
// Becomes the service's binary beside our own; returns only when that fails.
ExitCode Run(const CheckConfigCommand& command, std::ostream& out, std::ostream& err);
// Prints the answer; kDone if it is a 200.
ExitCode Run(const HealthCommand& command, std::ostream& out, std::ostream& err);
// Prints the answer.
ExitCode Run(const InboxCommand& command, std::ostream& out, std::ostream& err);
// Prints the answer. kFailed: the operation has failed, or did not end within `timeout`.
ExitCode Run(const AudienceCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const NewApiKeyCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const NewInternalKeyCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const NewJwtKeysCommand& command, std::ostream& out, std::ostream& err);
ExitCode Run(const NewAnnounceKeyCommand& command, std::ostream& out, std::ostream& err);

}  // namespace belfry::cli
