// SPDX-License-Identifier: Apache-2.0
// A process's settings. Each has one name in three spellings: the flag --store-grpc, the variable
// BELFRY_STORE_GRPC and the key store_grpc in the file of --config or BELFRY_CONFIG (flat TOML: see
// config_file.h). Flag beats variable beats file beats default; an empty variable is unset.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry {

// What a setting is for and whether --print-config masks it.
struct SettingInfo {
  std::string name;  // "store_grpc"
  std::string help;  // one line
  bool secret = false;
  bool required = false;  // an empty value is a mistake
};

// One wrong setting, printed as `name: got "value" (from where); allowed: what`, a secret's value
// as
// "********".
struct ConfigMistake {
  std::string name;
  std::string value;
  std::string allowed;
};

// Declare settings, then Load once. Values are written through the pointers, which must outlive
// Load; what they hold before is the default. Not thread-safe.
class Settings {
 public:
  // `program` as in --help and the config file's errors, e.g. "belfry-store"; `version` is what
  // --version prints (libs/version).
  Settings(std::string program, std::string description, std::string version = "");
  ~Settings();
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void AddString(SettingInfo info, std::string* value);
  // "host:port" (port 0-65535); [::1]:80 for IPv6.
  void AddAddress(SettingInfo info, std::string* value);
  // One of `allowed`.
  void AddChoice(SettingInfo info, std::string* value, std::vector<std::string> allowed);
  // Bounds are inclusive.
  void AddInteger(SettingInfo info, std::int64_t* value, std::int64_t min, std::int64_t max);
  // "200ms", "20s", "5m", "24h", "30d".
  void AddDuration(SettingInfo info, std::chrono::milliseconds* value,
                   std::chrono::milliseconds min, std::chrono::milliseconds max);
  // "4096", "64KiB", "256MiB", "2GiB".
  void AddBytes(SettingInfo info, std::uint64_t* value, std::uint64_t min, std::uint64_t max);
  // --demo, --demo=false, BELFRY_DEMO=true.
  void AddBool(SettingInfo info, bool* value);
  // Comma-separated; empty = none.
  void AddList(SettingInfo info, std::vector<std::string>* value);
  // A rule across settings, run after all have their values and only if they have no mistakes.
  void AddRule(std::function<std::optional<ConfigMistake>()> rule);

  enum class Outcome { kRun, kExitOk, kExitMistakes };
  // Reads file, variables and flags. --help, --version and --print-config print to `out` and give
  // kExitOk; any mistake (unknown flag or key, bad value, out of range, missing secret) prints one
  // line each, all of them, to `err` and gives kExitMistakes. An unknown BELFRY_ variable is a
  // mistake only if it is named like this service's settings, or almost like one of them: variables
  // are shared between processes, and orchestrators invent some.
  Outcome Load(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

  // "name = value" a line, in the order of declaration: a file that --config reads. Secrets and
  // passwords in URLs show as "********".
  std::string Print() const;

  // The exit code for kExitMistakes.
  static constexpr int kExitCodeMistakes = 2;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True for 127.0.0.0/8, ::1 and localhost, with or without a port, also in a URL. False for
// malformed addresses.
bool IsLoopback(std::string_view address);

}  // namespace belfry
