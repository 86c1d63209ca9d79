// SPDX-License-Identifier: Apache-2.0
// No fault can be planted in the product: its binaries hold nothing of the mechanism.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "libs/common/planted_fault.h"

namespace belfry::sim {
namespace {

// As the product is compiled, the question has its answer before the program runs.
constexpr bool CanBePlanted() {
  for (int i = 0; i <= static_cast<int>(PlantedFault::kDefaultWalRecovery); ++i) {
    if (Planted(static_cast<PlantedFault>(i))) {
      return true;
    }
  }
  return false;
}
static_assert(!CanBePlanted());

// What every program that can be told to misbehave defines.
constexpr char kMark[] = "belfry::planted_fault";

std::string SymbolsOf(const std::string& file) {
  std::string symbols;
  std::FILE* nm = popen(("nm -C --defined-only '" + file + "' 2>&1").c_str(), "r");
  if (nm == nullptr) {
    return symbols;
  }
  std::array<char, 1 << 16> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), nm)) {
    symbols.append(part.data(), size);
  }
  EXPECT_EQ(pclose(nm), 0) << file;
  return symbols;
}

std::string BinFolder() {
  const char* folder = std::getenv("BELFRY_BIN_DIR");
  if (folder == nullptr) {
    ADD_FAILURE() << "BELFRY_BIN_DIR is not set; ctest does";
    return {};
  }
  return folder;
}

TEST(Product, HoldsNothingOfThePlantedFaults) {
  for (const char* name : {"belfry-store", "belfry-ingest", "belfry-edge", "belfry"}) {
    const std::string symbols = SymbolsOf(BinFolder() + "/" + name);
    EXPECT_NE(symbols.find(" main\n"), std::string::npos) << name << " was not looked into";
    EXPECT_EQ(symbols.find(kMark), std::string::npos) << name;
  }
}

TEST(Product, WouldBeSeenToHoldThem) {
  EXPECT_NE(SymbolsOf(BinFolder() + "/../tests/planted_faults_simulation_test").find(kMark),
            std::string::npos);
}

}  // namespace
}  // namespace belfry::sim
