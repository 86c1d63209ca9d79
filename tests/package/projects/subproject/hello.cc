// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstring>
#include <string>

#include "libs/version/version.h"

int main(int argc, char** argv) {
  char name[16];
  std::strcpy(name, argc > 1 ? argv[1] : "hello");  // what _FORTIFY_SOURCE guards
  std::puts(belfry::VersionText(name).c_str());
}
