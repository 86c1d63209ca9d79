// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/excerpt.h"

#include <algorithm>

namespace belfry::test {
namespace {

constexpr std::size_t kBefore = 2;
constexpr std::size_t kAfter = 1;

std::string Indented(const std::string& line) { return "      " + line + "\n"; }

}  // namespace

std::string LineOf(const Publish& publish) { return Indented(ToString(publish)); }
std::string LineOf(const Stored& stored) { return Indented(ToString(stored)); }

std::string LinesAround(const ClientHistory& client, std::size_t at) {
  std::string text;
  const std::size_t begin = at > kBefore ? at - kBefore : 0;
  const std::size_t end = std::min(client.events.size(), at + kAfter + 1);
  for (std::size_t i = begin; i < end; ++i) {
    text += (i == at ? "    > " : "      ") + Plain(client.name) + " " +
            ToString(client.events[i]) + "\n";
  }
  return text;
}

std::string LinesWhere(const ClientHistory& client, EntryId id) {
  std::size_t at = 0;
  while (at + 1 < client.events.size() && client.events[at].cursor < id) {
    ++at;
  }
  return LinesAround(client, at);
}

std::string Source::Lines() const {
  if (publish != nullptr) {
    return LineOf(*publish);
  }
  if (stored != nullptr) {
    return LineOf(*stored);
  }
  return client != nullptr ? LinesAround(*client, at) : "";
}

}  // namespace belfry::test
