// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/exit_codes.h"

#include <ostream>

#include "libs/common/hex.h"
#include "libs/common/text.h"

namespace belfry::cli {

ExitCode ExitCodeOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kPermissionDenied:
    case Code::kResourceExhausted:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
    case Code::kUnauthenticated:
      return kRefused;
    default:
      return kUnavailable;
  }
}

ExitCode Report(const Error& error, bool json, std::ostream& err) {
  if (!json) {
    err << "belfry: " << Printable(error.ToString()) << "\n";
    return ExitCodeOf(error.code);
  }
  std::string line = "{\"error\":{\"code\":";
  AppendJsonString(CodeName(error.code), &line);
  line += ",\"message\":";
  AppendJsonString(error.message, &line);
  line += ",\"reason\":";
  AppendJsonString(error.reason, &line);
  line += ",\"errors\":[";
  for (const FieldViolation& violation : error.violations) {
    if (&violation != &error.violations.front()) {
      line += ',';
    }
    line += "{\"field\":";
    AppendJsonString(violation.field, &line);
    line += ",\"description\":";
    AppendJsonString(violation.description, &line);
    line += '}';
  }
  err << line << "]}}\n";
  return ExitCodeOf(error.code);
}

std::string Printable(std::string_view text) {
  const std::string clean = ToUtf8(text);
  std::string printable;
  for (std::size_t at = 0; at < clean.size(); ++at) {
    const auto byte = static_cast<unsigned char>(clean[at]);
    // C1 controls are C2 80 to C2 9F.
    const bool c1 =
        byte == 0xC2 && at + 1 < clean.size() && static_cast<unsigned char>(clean[at + 1]) < 0xA0;
    if (byte >= 0x20 && byte != 0x7F && !c1) {
      printable += clean[at];
      continue;
    }
    const auto control = c1 ? static_cast<unsigned char>(clean[++at]) : byte;
    printable += "\\x";
    printable += HexEncode(std::string_view(reinterpret_cast<const char*>(&control), 1));
  }
  return printable;
}

}  // namespace belfry::cli
