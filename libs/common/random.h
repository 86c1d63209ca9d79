// SPDX-License-Identifier: Apache-2.0
// Random bytes that nobody can guess, from the kernel.
#pragma once

#include <span>

namespace belfry {

// Fills `bytes`. Any thread.
void FillRandom(std::span<unsigned char> bytes);

}  // namespace belfry
