// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "tests/support/checker/program.h"

int main(int argc, char** argv) {
  return belfry::test::RunChecker(argc, argv, std::cin, std::cout, std::cerr);
}
