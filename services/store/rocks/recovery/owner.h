// SPDX-License-Identifier: Apache-2.0
// The owner of a data directory.
#pragma once

#include <string>

#include "libs/common/result.h"

namespace belfry::store {

// Whether a store that could open `directory` before can open it after this process has written
// there. kPermissionDenied: it belongs to another user. One that is not there is anybody's.
Status CheckOwner(const std::string& directory);

}  // namespace belfry::store
