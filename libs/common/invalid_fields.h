// SPDX-License-Identifier: Apache-2.0
// The error of a request with wrong fields, the same wherever they are found. Stateless; any
// thread.
#pragma once

#include <vector>

#include "libs/common/result.h"

namespace belfry {

// kInvalidArgument with the reason "INVALID_FIELDS" for `violations`, which must not be empty. The
// message names the first of them: "2 fields are invalid: title, level".
Error InvalidFields(std::vector<FieldViolation> violations);

}  // namespace belfry
