// SPDX-License-Identifier: Apache-2.0
// The keys for announcements that tests of store and edge share.
#pragma once

#include <memory>
#include <string>

#include "libs/wire/announce/announce_keys.h"
#include "tests/support/temp_dir.h"

namespace belfry::test {

inline wire::AnnounceKey TestAnnounceKey() { return {"test", std::string(32, 'k')}; }

inline std::shared_ptr<const wire::AnnounceKeys> TestAnnounceKeys() {
  return std::make_shared<const wire::AnnounceKeys>(
      std::vector<wire::AnnounceKey>{TestAnnounceKey()});
}

// As a file in `dir`; its path.
inline std::string WriteAnnounceKeys(const TempDir& dir) {
  return dir.Write("announce-keys.json", wire::AnnounceKeysJson({TestAnnounceKey()}));
}

}  // namespace belfry::test
