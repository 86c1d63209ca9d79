// SPDX-License-Identifier: Apache-2.0
#include "libs/common/standard_output.h"

#include <cerrno>
#include <ostream>
#include <string>
#include <system_error>

namespace belfry {

int ExitCodeOnceWritten(int code, std::string_view program, std::ostream& out, std::ostream& err) {
  errno = 0;
  if (out.flush()) {
    return code;
  }
  // The write that failed may have been an earlier one, and then its reason is gone.
  const std::string reason =
      errno == 0 ? "the disk may be full" : std::generic_category().message(errno);
  err << program << ": write the standard output: " << reason << "\n";
  return code == 0 ? 1 : code;
}

}  // namespace belfry
