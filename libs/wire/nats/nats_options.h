// SPDX-License-Identifier: Apache-2.0
// NatsOptions as cnats wants them. Internal to this room.
#pragma once

#include <nats/nats.h>

#include <memory>

#include "libs/common/result.h"
#include "libs/wire/nats/nats.h"

namespace belfry::wire {

struct DestroyNatsOptions {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
};
using CnatsOptions = std::unique_ptr<natsOptions, DestroyNatsOptions>;

// Checks the url and reads the TLS files. Callbacks are the caller's to add. kInvalidArgument names
// what is wrong.
Result<CnatsOptions> MakeCnatsOptions(const NatsOptions& options);

// OK, or `code` with "`doing`: <what cnats says>".
Status FromCnats(natsStatus status, Code code, std::string_view doing);

}  // namespace belfry::wire
