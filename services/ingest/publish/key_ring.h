// SPDX-License-Identifier: Apache-2.0
// The API keys in force: read from a file, read again on demand. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/wire/auth/api_keys.h"
#include "services/ingest/publish/caller.h"

namespace belfry::ingest {

class KeyRing {
 public:
  // The errors of wire::ApiKeys::Load.
  static Result<std::unique_ptr<KeyRing>> Open(std::string path);

  // Reads the file again. On an error the keys stay as they were.
  Status Reload();

  // `authorization` is the header's whole value, empty if there is none. kUnauthenticated with one
  // of wire::ApiKeys::Authenticate's reasons.
  Result<Caller> Authenticate(std::string_view authorization) const;

  // Changes with every successful Reload: who keeps a Caller for long asks again then.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  KeyRing(std::string path, std::shared_ptr<const wire::ApiKeys> keys)
      : path_(std::move(path)), keys_(std::move(keys)) {}

  const std::string path_;
  std::atomic<std::uint64_t> generation_{1};
  mutable Mutex mutex_;
  std::shared_ptr<const wire::ApiKeys> keys_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::ingest
