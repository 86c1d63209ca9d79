// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>

#include "libs/version/version.h"

int main(int argc, char** argv) {
  char name[16];
  std::strcpy(name, argc > 1 ? argv[1] : "hello");  // what _FORTIFY_SOURCE guards
  const std::string text = belfry::VersionText(name);
  std::puts(&text[static_cast<std::size_t>(argc > 2)]);  // what _GLIBCXX_ASSERTIONS guards
}
