// SPDX-License-Identifier: Apache-2.0
// A target whose promise is false: the fuzzer must find it out, else its silence says nothing.
#include <string_view>

#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {

void Try(std::string_view input) {
  Input parts(input);
  const bool reached = parts.Number() > 100 && parts.Part().starts_with("tell");
  BELFRY_PROMISE(!reached, input);
}

}  // namespace belfry::fuzz
