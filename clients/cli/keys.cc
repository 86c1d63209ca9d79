// SPDX-License-Identifier: Apache-2.0
// Makes keys files. A secret is never in a file that others may read.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ostream>

#include "clients/cli/commands.h"
#include "libs/common/file.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/auth/api_keys.h"
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

// The keys in the file at `path`, none if there is no such file.
Result<std::vector<wire::ApiKey>> ExistingKeys(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text.ok()) {
    if (text.error().code == Code::kNotFound) {
      return std::vector<wire::ApiKey>();
    }
    return Fail(text.error());
  }
  const auto keys = wire::ApiKeys::Parse(*text);
  if (!keys.ok()) {
    return Fail(Wrap("read " + path, keys.error()));
  }
  return (*keys)->All();
}

Result<std::string> AddKey(const NewApiKeyCommand& command) {
  auto keys = ExistingKeys(command.file);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  const auto same_id = [&](const wire::ApiKey& key) { return key.id == command.id; };
  if (std::any_of(keys->begin(), keys->end(), same_id)) {
    return Fail(Code::kAlreadyExists,
                command.file + " has a key \"" + command.id + "\" already; take another id");
  }
  const wire::NewApiKey made =
      wire::MakeApiKey(command.id, command.project, command.may_notify, command.may_broadcast,
                       command.may_inbox, command.may_audience);
  keys->push_back(made.key);
  if (Status written = ReplaceFile(command.file, wire::ApiKeysJson(*keys)); !written.ok()) {
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

}  // namespace

ExitCode Run(const NewApiKeyCommand& command, std::ostream& out, std::ostream& err) {
  const auto text = AddKey(command);
  if (!text.ok()) {
    Report(text.error(), false, err);
    return kFailed;
  }
  out << *text << "\n" << std::flush;
  return kDone;
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
