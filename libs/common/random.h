// SPDX-License-Identifier: Apache-2.0
// Random bytes that nobody can guess, from the kernel.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace belfry {

// Fills `bytes`. Any thread.
void FillRandom(std::span<unsigned char> bytes);
std::string RandomBytes(std::size_t count);
// For a generator that spreads load or jitters and need not be unguessable itself.
std::uint64_t RandomSeed();

}  // namespace belfry
