// SPDX-License-Identifier: Apache-2.0
// What an X.509 certificate says. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace belfry::wire {

// The URIs in the SAN of the first certificate in `pem`. kInvalidArgument: it has no certificate.
Result<std::vector<std::string>> UrisOfCertificate(std::string_view pem);

}  // namespace belfry::wire
