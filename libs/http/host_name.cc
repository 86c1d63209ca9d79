// SPDX-License-Identifier: Apache-2.0
#include "libs/http/host_name.h"

#include <unistd.h>

#include <array>

#include "libs/common/ascii.h"

namespace belfry::http {

std::string HostName(std::string_view host) {
  const std::size_t end = host.starts_with('[') ? host.find(']') : host.rfind(':');
  const bool bracketed = host.starts_with('[') && end != std::string_view::npos;
  return AsciiLower(host.substr(0, bracketed ? end + 1 : end));
}

bool IsLoopbackName(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost") || name == "[::1]" ||
         (IsAddress(name) && name.starts_with("127."));
}

// No name in DNS ends with digits alone.
bool IsAddress(std::string_view name) {
  return !name.empty() && (name.find_first_not_of("0123456789.") == std::string_view::npos ||
                           (name.starts_with('[') && name.ends_with(']')));
}

std::string MachineName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? AsciiLower(name.data()) : std::string();
}

}  // namespace belfry::http
