// SPDX-License-Identifier: Apache-2.0
// belfry-chaos: breaks a running belfry in every way it knows and lets the checker judge.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "libs/common/signals.h"
#include "tests/chaos/report.h"
#include "tests/chaos/rows.h"
#include "tests/chaos/supervisor.h"

namespace belfry::chaos {
namespace {

constexpr int kExitBroken = 1;
constexpr int kExitUsage = 2;
constexpr int kExitInterrupted = 130;

struct Arguments {
  std::vector<std::string> names;
  bool long_form = false;
  bool list = false;
  bool quick = false;
  std::string json;
  std::uint64_t seed = 1;
  // In a row's own process.
  std::string run_row;
  int rounds = 1;
  std::string directory;
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("names", arguments.names, "Rows, or the first words of their names; default: all");
  app.add_flag("--list", arguments.list, "Name the rows and what is expected of each");
  app.add_flag("--quick", arguments.quick, "Only the subset that ./dev test runs");
  app.add_flag("--long", arguments.long_form, "50 rounds where rounds apply");
  app.add_option("--json", arguments.json, "Write the outcomes into this file too");
  app.add_option("--seed", arguments.seed, "Of all that is left to chance");
  app.add_option("--run-row", arguments.run_row)->group("");
  app.add_option("--rounds", arguments.rounds)->group("");
  app.add_option("--directory", arguments.directory)->group("");
}

void List() {
  for (const Row& row : AllRows()) {
    std::printf("%-28s %s\n", row.name.c_str(), row.expected.c_str());
  }
}

// False, with a line on stderr, if a name is nobody's.
bool Choose(const Arguments& arguments, std::vector<Row>* chosen) {
  if (arguments.names.empty()) {
    *chosen = AllRows();
  }
  for (const std::string& name : arguments.names) {
    const std::vector<Row> named = RowsNamed(name);
    if (named.empty()) {
      std::fprintf(stderr, "no such row: %s; --list names them\n", name.c_str());
      return false;
    }
    chosen->insert(chosen->end(), named.begin(), named.end());
  }
  if (arguments.quick) {
    std::erase_if(*chosen, [](const Row& row) { return !row.quick; });
  }
  return true;
}

int RunAll(const Arguments& arguments) {
  std::vector<Row> rows;
  if (!Choose(arguments, &rows)) {
    return kExitUsage;
  }
  BlockSignals();
  std::vector<Outcome> outcomes;
  bool interrupted = false;
  for (const Row& row : rows) {
    std::fprintf(stderr, "%-28s ", row.name.c_str());
    const auto outcome = Supervise(row, {.long_form = arguments.long_form, .seed = arguments.seed});
    if (!outcome) {
      std::fprintf(stderr, "interrupted\n");
      interrupted = true;
      break;
    }
    std::fprintf(stderr, "%-7s %6.1f s  %s\n", VerdictName(outcome->verdict).c_str(),
                 outcome->seconds, Evidence(*outcome).c_str());
    outcomes.push_back(*outcome);
  }
  std::printf("\n%s", Table(outcomes).c_str());
  if (!arguments.json.empty()) {
    std::ofstream file(arguments.json, std::ios::binary | std::ios::trunc);
    file << ToJson(outcomes);
    file.close();
    if (!file) {
      std::fprintf(stderr, "cannot write %s\n", arguments.json.c_str());
    }
  }
  if (interrupted) {
    return kExitInterrupted;
  }
  const bool broken = std::any_of(outcomes.begin(), outcomes.end(), [](const Outcome& outcome) {
    return outcome.verdict == Outcome::Verdict::kBroken;
  });
  return broken ? kExitBroken : 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Breaks a running belfry in every way it knows and judges what came of it.");
  Arguments arguments;
  Declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  if (!arguments.run_row.empty()) {
    const std::vector<Row> row = RowsNamed(arguments.run_row);
    if (row.empty()) {
      return kExitUsage;
    }
    return RunRow(
        row.front(),
        {.rounds = arguments.rounds, .seed = arguments.seed, .directory = arguments.directory});
  }
  if (arguments.list) {
    List();
    return 0;
  }
  return RunAll(arguments);
}

}  // namespace
}  // namespace belfry::chaos

int main(int argc, char** argv) { return belfry::chaos::Main(argc, argv); }
