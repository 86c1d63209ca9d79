// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <ostream>
#include <string>

#include "tests/support/checker/checker.h"
#include "tests/support/checker/history_jsonl.h"
#include "tests/support/checker/verdict_json.h"

namespace belfry::test {
namespace {

constexpr int kKept = 0;
constexpr int kBroken = 1;
constexpr int kUnreadable = 2;

constexpr char kHelp[] =
    "Judges a history of belfry by the clauses of docs/guarantees.md, one by one. A history is a\n"
    "file of JSON lines, see docs/history-format.md: what producers were answered, what clients\n"
    "received, what the store holds in the end.";
constexpr char kFooter[] =
    "A line for each clause says \"kept\", \"BROKEN\" with the number of violations, or \"not "
    "judged\"\n"
    "and why, and how much there was to judge; then come the violations, each with the lines of\n"
    "the history that show it.\n"
    "\n"
    "Exit code: 0 nothing is broken, 1 something is, 2 the history cannot be read.";

struct Arguments {
  std::string file;
  Partition partitions = 0;  // 0: as many as the history has logs, else the default
  bool json = false;
  CheckOptions options;
};

void AddDuration(CLI::App* app, const std::string& name, std::chrono::microseconds* into,
                 const std::string& help) {
  static const std::map<std::string, std::int64_t> kUnits = {
      {"us", 1}, {"ms", 1'000}, {"s", 1'000'000}, {"m", 60'000'000}};
  app->add_option_function<std::int64_t>(
         name, [into](const std::int64_t& micros) { *into = std::chrono::microseconds(micros); },
         help)
      ->transform(CLI::AsNumberWithUnit(
                      kUnits,
                      CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::UNIT_REQUIRED |
                                                     CLI::AsNumberWithUnit::CASE_SENSITIVE),
                      "")
                      .description(""))
      ->type_name("2s|500ms");
}

void Declare(CLI::App* app, Arguments* arguments) {
  app->footer(kFooter);
  app->add_option("FILE", arguments->file, "The history; - for the standard input")->required();
  app->add_option("--partitions", arguments->partitions,
                  "How many the store had; as many as the history has logs of, else " +
                      std::to_string(kPartitionsDefault))
      ->check(CLI::Range(Partition{1}, kPartitionsMax).description(""))
      ->type_name("N");
  app->add_flag("--resets-allowed", arguments->options.resets_allowed,
                "The run gave the store a reason to say reset: judge each, not that there is one");
  AddDuration(app, "--timely", &arguments->options.timely,
              "How late an entry may reach a connected client; not judged when left out");
  AddDuration(app, "--recovery", &arguments->options.recovery,
              "How long after a trouble lateness is excused; 10s");
  app->add_flag("--json", arguments->json, "The verdict as one JSON object, with all violations");
}

Result<History> ReadFrom(const std::string& file, std::istream& in) {
  if (file == "-") {
    return ReadHistory(in);
  }
  std::ifstream opened(file, std::ios::binary);
  if (!opened) {
    return Fail(Code::kNotFound, std::string("cannot be opened: ") + std::strerror(errno));
  }
  return ReadHistory(opened);
}

Partition PartitionsOf(const History& history) {
  if (history.stored.empty()) {
    return kPartitionsDefault;
  }
  Partition last = 0;
  for (const StoredLog& log : history.stored) {
    last = std::max(last, log.partition);
  }
  return last + 1;
}

}  // namespace

int RunChecker(int argc, const char* const* argv, std::istream& in, std::ostream& out,
               std::ostream& err) {
  CLI::App app{kHelp, "belfry-checker"};
  Arguments arguments;
  Declare(&app, &arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? kKept : kUnreadable;
  }
  const auto history = ReadFrom(arguments.file, in);
  if (!history.ok()) {
    err << "belfry-checker: " << arguments.file << ": " << history.error().message << "\n";
    return kUnreadable;
  }
  CheckOptions options = arguments.options;
  options.partitions = arguments.partitions != 0 ? arguments.partitions : PartitionsOf(*history);
  const Verdict verdict = Check(*history, options);
  out << (arguments.json ? ToJson(verdict) + "\n" : verdict.ToString());
  return verdict.ok() ? kKept : kBroken;
}

}  // namespace belfry::test
