// SPDX-License-Identifier: Apache-2.0
#include <ostream>
#include <string>

#include "libs/common/log_settings.h"
#include "services/store/commands/command_line.h"
#include "services/store/commands/commands.h"
#include "services/store/commands/print.h"
#include "services/store/rocks/check/check.h"

namespace belfry::store {
namespace {

constexpr char kAbout[] =
    "Checks a data directory: checksums, keys, links, feeds against the log, counts, records.\n"
    "Changes nothing. No store may have it open.\n\n"
    "Exit codes: 0 no faults, 1 faults, 2 the directory cannot be checked.";

std::string_view NameOf(CheckKind kind) { return kCheckKindNames[static_cast<std::size_t>(kind)]; }

void PrintJson(const std::string& directory, const CheckReport& report, std::ostream& out) {
  out << "{\"directory\":" << Json(directory) << ",\"history\":" << Json(report.history_id)
      << ",\"partitions\":" << report.partitions
      << ",\"clean\":" << (report.clean() ? "true" : "false") << ",\"checks\":[";
  for (std::size_t i = 0; i < report.lines.size(); ++i) {
    const CheckLine& line = report.lines[i];
    out << (i == 0 ? "" : ",") << "{\"kind\":" << Json(kCheckKindNames[i])
        << ",\"lookedAt\":" << line.looked_at << ",\"faults\":" << line.faults
        << ",\"skipped\":" << Json(line.skipped) << "}";
  }
  out << "],\"faults\":[";
  for (std::size_t i = 0; i < report.faults.size(); ++i) {
    const CheckFault& fault = report.faults[i];
    out << (i == 0 ? "" : ",") << "{\"kind\":" << Json(NameOf(fault.kind))
        << ",\"key\":" << Json(fault.key) << ",\"what\":" << Json(fault.what) << "}";
  }
  out << "]}\n";
}

void PrintText(const std::string& directory, const CheckReport& report, std::ostream& out) {
  out << directory << ": history " << report.history_id << ", " << report.partitions
      << " partitions\n";
  for (std::size_t i = 0; i < report.lines.size(); ++i) {
    const CheckLine& line = report.lines[i];
    std::string name(kCheckKindNames[i]);
    name.resize(12, ' ');
    out << name << line.looked_at << " checked, " << line.faults << " faults";
    if (!line.skipped.empty()) {
      out << "; not all: " << line.skipped;
    }
    out << "\n";
    std::uint64_t listed = 0;
    for (const CheckFault& fault : report.faults) {
      if (fault.kind == static_cast<CheckKind>(i)) {
        out << "  " << fault.key << ": " << fault.what << "\n";
        ++listed;
      }
    }
    if (listed < line.faults) {
      out << "  and " << line.faults - listed << " more\n";
    }
  }
  out << (report.clean() ? "no faults\n" : "there are faults\n");
}

}  // namespace

int RunCheck(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CommandLine line("belfry-store check", kAbout);
  CheckOptions options;
  bool json = false;
  line.flags().add_option("--data", options.directory, "The data directory; --store-data");
  line.flags()
      .add_option("--faults-max", options.faults_max_per_kind, "Faults listed of each kind; 20")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N");
  line.flags().add_flag("--json", json, "Print one JSON object");
  if (const auto exit = line.Parse(argc, argv, out, err)) {
    return *exit;
  }
  if (options.directory.empty()) {
    options.directory = line.config().data;
  }
  const auto report = CheckDirectory(options, MakeLog("store", line.config().log));
  if (!report.ok()) {
    err << line.name() << ": " << report.error().message << "\n";
    return kUsage;
  }
  json ? PrintJson(options.directory, *report, out) : PrintText(options.directory, *report, out);
  return report->clean() ? kDone : kFailed;
}

}  // namespace belfry::store
