// SPDX-License-Identifier: Apache-2.0
// Boost.JSON, compiled once for all: Debian's package for 1.81 has no library of it.
#include <boost/json/src.hpp>
