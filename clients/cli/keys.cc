// SPDX-License-Identifier: Apache-2.0
// Makes keys files. A secret is never in a file that others may read.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ostream>
#include <utility>

#include "clients/cli/commands.h"
#include "libs/common/file.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/auth/api_keys.h"
#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::cli {
namespace {

Status WriteAll(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0) {
      return Fail(Code::kUnavailable, "write " + path + ": " + std::strerror(errno));
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Makes `path` with `text`, readable by its owner. kAlreadyExists: it is there.
Status MakeFile(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    return Fail(errno == EEXIST ? Code::kAlreadyExists : Code::kUnavailable,
                "make " + path + ": " + std::strerror(errno));
  }
  Status written = WriteAll(file, text, path);
  if (written.ok() && fsync(file) != 0) {
    written = Fail(Code::kUnavailable, "write " + path + ": " + std::strerror(errno));
  }
  close(file);
  if (!written.ok()) {
    unlink(path.c_str());
  }
  return written;
}

// Puts `text` in the place of `path` at once, with the mode the file had.
Status ReplaceFile(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".belfry-new";
  if (Status made = MakeFile(fresh, text); !made.ok()) {
    return made;
  }
  struct stat before {};
  const bool same_mode =
      stat(path.c_str(), &before) != 0 || chmod(fresh.c_str(), before.st_mode & 0777) == 0;
  if (!same_mode || rename(fresh.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    unlink(fresh.c_str());
    return Fail(Code::kUnavailable, "replace " + path + ": " + why);
  }
  return {};
}

// The keys in the file at `path`, which has a `Keys`; none if there is no such file.
template <typename Keys>
auto ExistingKeys(const std::string& path) -> Result<decltype(std::declval<Keys>().All())> {
  const auto text = ReadFile(path);
  if (!text.ok()) {
    if (text.error().code == Code::kNotFound) {
      return decltype(std::declval<Keys>().All())();
    }
    return Fail(text.error());
  }
  const auto keys = Keys::Parse(*text);
  if (!keys.ok()) {
    return Fail(Wrap("read " + path, keys.error()));
  }
  return (*keys)->All();
}

// Adds `made` to the keys in the file at `path`; the new key's text.
template <typename Keys, typename Made, typename ToJson>
Result<std::string> AddKey(const std::string& path, const Made& made, ToJson to_json) {
  auto keys = ExistingKeys<Keys>(path);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  const auto same_id = [&](const auto& key) { return key.id == made.key.id; };
  if (std::any_of(keys->begin(), keys->end(), same_id)) {
    return Fail(Code::kAlreadyExists,
                path + " has a key \"" + made.key.id + "\" already; take another id");
  }
  keys->push_back(made.key);
  if (Status written = ReplaceFile(path, to_json(*keys)); !written.ok()) {
    return Fail(std::move(written.error()));
  }
  return made.text;
}

// Adds a key behind those that `command.file` has: it verifies, and the first one goes on signing.
Status AddKey(const NewAnnounceKeyCommand& command) {
  const auto text = ReadFile(command.file);
  if (!text.ok() && text.error().code == Code::kNotFound) {
    return MakeFile(command.file, wire::AnnounceKeysJson({wire::MakeAnnounceKey(command.id)}));
  }
  if (!text.ok()) {
    return Fail(text.error());
  }
  const auto existing = wire::AnnounceKeys::Parse(*text);
  if (!existing.ok()) {
    return Fail(Wrap("read " + command.file, existing.error()));
  }
  if ((*existing)->Find(command.id) != nullptr) {
    return Fail(Code::kAlreadyExists,
                command.file + " has a key \"" + command.id + "\" already; take another id");
  }
  std::vector<wire::AnnounceKey> keys = (*existing)->all();
  keys.push_back(wire::MakeAnnounceKey(command.id));
  return ReplaceFile(command.file, wire::AnnounceKeysJson(keys));
}

ExitCode Print(const Result<std::string>& text, std::ostream& out, std::ostream& err) {
  if (!text.ok()) {
    Report(text.error(), false, err);
    return kFailed;
  }
  out << *text << "\n" << std::flush;
  return kDone;
}

}  // namespace

ExitCode Run(const NewApiKeyCommand& command, std::ostream& out, std::ostream& err) {
  const wire::NewApiKey made =
      wire::MakeApiKey(command.id, command.project, command.may_notify, command.may_broadcast,
                       command.may_inbox, command.may_audience);
  return Print(AddKey<wire::ApiKeys>(command.file, made, wire::ApiKeysJson), out, err);
}

ExitCode Run(const NewInternalKeyCommand& command, std::ostream& out, std::ostream& err) {
  Roles roles;
  for (const std::string& name : command.roles) {
    if (const auto role = RoleNamed(name)) {
      roles.Add(*role);
    }
  }
  const wire::NewInternalKey made = wire::MakeInternalKey(command.id, roles);
  return Print(AddKey<wire::InternalKeys>(command.file, made, wire::InternalKeysJson), out, err);
}

ExitCode Run(const NewJwtKeysCommand& command, std::ostream& out, std::ostream& err) {
  const std::string json = wire::MakeJwtKeysJson(command.kid);
  if (command.file.empty()) {
    out << json << std::flush;
    return kDone;
  }
  if (const Status made = MakeFile(command.file, json); !made.ok()) {
    Report(made.error(), false, err);
    return kFailed;
  }
  return kDone;
}

ExitCode Run(const NewAnnounceKeyCommand& command, std::ostream& out, std::ostream& err) {
  if (command.file.empty()) {
    out << wire::AnnounceKeysJson({wire::MakeAnnounceKey(command.id)}) << std::flush;
    return kDone;
  }
  if (const Status added = AddKey(command); !added.ok()) {
    Report(added.error(), false, err);
    return kFailed;
  }
  return kDone;
}

}  // namespace belfry::cli
