// SPDX-License-Identifier: Apache-2.0
// The lines of a history that a violation rests on, as text for people.
#pragma once

#include <cstddef>
#include <string>

#include "tests/support/checker/history.h"

namespace belfry::test {

// Indented, with a newline.
std::string LineOf(const Publish& publish);
std::string LineOf(const Stored& stored);
// The client's event `at`, marked, with the two before and the one after it.
std::string LinesAround(const ClientHistory& client, std::size_t at);
// The same around the first event that moved the client to `id` or beyond; around the last one if
// none did.
std::string LinesWhere(const ClientHistory& client, EntryId id);

// Where something was seen: a publish's OK, a stored entry or a client's event; the others are
// null.
struct Source {
  const Publish* publish = nullptr;
  const Stored* stored = nullptr;
  const ClientHistory* client = nullptr;
  std::size_t at = 0;  // of the client's events

  std::string Lines() const;
};

}  // namespace belfry::test
