// SPDX-License-Identifier: Apache-2.0
// The internal key by which this process proves its role to the store, from a file of its own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/common/role.h"
#include "libs/wire/rpc/server.h"

namespace belfry::wire {

// Thread-safe. Shared by the clients that show it.
class CallerKey {
 public:
  // The file has one line, "<id>.<secret>", as `belfry internal-keys new` prints it.
  // kInvalidArgument: it has something else; kNotFound / kPermissionDenied for the file.
  static Result<std::shared_ptr<CallerKey>> Load(std::string path);

  // Reads the file again. On an error the key stays as it was.
  Status Reload();
  // The metadata `authorization`: "Bearer <id>.<secret>".
  std::string Authorization() const;

 private:
  CallerKey(std::string path, std::string authorization)
      : path_(std::move(path)), authorization_(std::move(authorization)) {}

  const std::string path_;
  mutable Mutex mutex_;
  std::string authorization_ BELFRY_GUARDED_BY(mutex_);
};

// How this process proves `role` to the store: by the key in `key_file`, or, where that is empty
// and null is returned, by its certificate. kInvalidArgument: by neither, or as CallerKey::Load.
Result<std::shared_ptr<CallerKey>> LoadProof(const std::string& key_file, const TlsFiles& tls,
                                             Role role);

}  // namespace belfry::wire
