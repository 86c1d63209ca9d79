// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/room.h"

namespace belfry::ingest {

Error Outward(Error error) {
  switch (error.code) {
    case Code::kNotFound:
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kPermissionDenied:
    case Code::kResourceExhausted:
      return error;
    case Code::kUnavailable:
      return {
          error.code, "the store cannot be reached", "STORE_UNAVAILABLE", {}, error.retry_after};
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      return {error.code, "the store has not answered in time", "STORE_TIMEOUT", {}, {}};
    default:
      return {error.code, "the store failed", "STORE_FAILED", {}, {}};
  }
}

}  // namespace belfry::ingest
