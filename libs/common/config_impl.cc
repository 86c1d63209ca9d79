// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_impl.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "libs/common/ascii.h"
#include "libs/common/check.h"
#include "libs/common/config_file.h"
#include "libs/common/config_value.h"
#include "libs/common/file.h"

namespace belfry {
namespace {

// Flags of ours that are no settings.
constexpr std::array<std::string_view, 4> kReserved = {"help", "version", "print_config", "config"};

// A variable so near to a setting, and no other service's, is that setting mistyped.
constexpr std::size_t kTypoEditsMax = 2;
constexpr std::size_t kTypoBytesMin = 6;

std::string VariableOf(std::string_view name) {
  std::string variable = "BELFRY_";
  for (const char c : name) {
    variable += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  return variable;
}

// An unknown name of which the value had better not be shown.
bool SoundsSecret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kWords = {"secret", "password", "token", "key"};
  return std::any_of(kWords.begin(), kWords.end(), [name](std::string_view word) {
    return name.find(word) != std::string_view::npos;
  });
}

// "store_partitions" of "BELFRY_STORE_PARTITIONS"; empty if it is not ours.
std::string NameOfVariable(std::string_view variable) {
  constexpr std::string_view kPrefix = "BELFRY_";
  return variable.starts_with(kPrefix) ? AsciiLower(variable.substr(kPrefix.size())) : "";
}

// What Kubernetes sets for a service called belfry-store: BELFRY_STORE_SERVICE_HOST,
// say.
bool IsOfKubernetes(std::string_view name) {
  return name.ends_with("_service_host") || name.find("_service_port") != std::string_view::npos ||
         name.ends_with("_port");
}

// A part of it is a number: "edge_1_http" is the first of several edges, as ./dev names them, and
// Kubernetes has names like store_port_7200_tcp.
bool IsNumbered(std::string_view name) {
  for (std::size_t at = name.find('_'); at != std::string_view::npos; at = name.find('_', at + 1)) {
    const std::size_t end = name.find_first_not_of("0123456789", at + 1);
    if (end != at + 1 && end != std::string_view::npos && name[end] == '_') {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string config::FlagOf(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Settings::Impl::Setting* Settings::Impl::Find(std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(), [name](const Setting& setting) {
    return setting.info.name == name;
  });
  return found == settings.end() ? nullptr : &*found;
}

void Settings::Impl::Add(Setting setting) {
  const std::string& name = setting.info.name;
  BELFRY_CHECK(!name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                    std::string::npos);
  // Kubernetes sets variables like BELFRY_STORE_PORT for a service of that name.
  BELFRY_CHECK(!name.ends_with("_port") && !name.ends_with("_service_host"));
  BELFRY_CHECK(Find(name) == nullptr);
  BELFRY_CHECK(std::find(kReserved.begin(), kReserved.end(), name) == kReserved.end());
  settings.push_back(std::move(setting));
}

void Settings::Impl::Mistake(std::string_view name, std::string_view value, std::string_view source,
                             std::string_view allowed, bool secret) {
  const std::string shown = secret ? std::string(config::kMask) : config::MaskPassword(value);
  mistakes.push_back(std::string(name) + ": got " + config::Quote(shown) + " (from " +
                     std::string(source) + "); allowed: " + std::string(allowed));
}

void Settings::Impl::Apply(Setting& setting, std::string_view value, std::string source) {
  if (!setting.parse(value)) {
    Mistake(setting.info.name, value, source, setting.allowed, setting.info.secret);
  }
  setting.source = std::move(source);
}

void Settings::Impl::Unknown(std::string_view shown_name, std::string_view name,
                             std::string_view value, std::string_view source, std::string_view what,
                             bool as_flag) {
  const Setting* nearest = nullptr;
  std::size_t distance = 4;
  for (const Setting& setting : settings) {
    const std::size_t edits = config::EditDistance(name, setting.info.name);
    if (edits < distance) {
      distance = edits;
      nearest = &setting;
    }
  }
  std::string allowed = "a known " + std::string(what);
  if (nearest != nullptr) {
    const std::string& meant = nearest->info.name;
    allowed += " (did you mean " +
               (as_flag              ? config::FlagOf(meant)
                : what == "variable" ? VariableOf(meant)
                                     : meant) +
               "?)";
  }
  Mistake(shown_name, value, source, allowed,
          (nearest != nullptr && nearest->info.secret) || SoundsSecret(name));
}

void Settings::Impl::ReadFrom(const std::string& path, const std::string& source) {
  const auto text = ReadFile(path);
  if (!text.ok()) {
    Mistake("config", path, source, "a file that can be read: " + text.error().message, false);
    return;
  }
  const config::FileContent content = config::ParseFile(*text);
  for (const config::FileMistake& mistake : content.mistakes) {
    // The line may hold a secret: only its first word is shown.
    const std::string key = mistake.text.substr(0, mistake.text.find_first_of("=:\"' \t"));
    Mistake("config", key, path + ":" + std::to_string(mistake.line), mistake.allowed, false);
  }
  std::vector<std::string> seen;
  for (const config::FileEntry& entry : content.entries) {
    const std::string where = path + ":" + std::to_string(entry.line);
    Setting* const setting = Find(entry.key);
    if (setting == nullptr) {
      Unknown(entry.key, entry.key, entry.value, where, "key", false);
    } else if (std::find(seen.begin(), seen.end(), entry.key) != seen.end()) {
      Mistake(entry.key, entry.value, where, "each key once", setting->info.secret);
    } else {
      Apply(*setting, entry.value, where);
    }
    seen.push_back(entry.key);
  }
}

void Settings::Impl::ReadVariables() {
  for (Setting& setting : settings) {
    const std::string name = VariableOf(setting.info.name);
    const char* const value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') {
      Apply(setting, value, name);
    }
  }
}

void Settings::Impl::ReadUnknownVariables() {
  // "store_" of "belfry-store".
  const std::string own = program.substr(program.find('-') + 1) + "_";
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view pair = *at;
    const std::string_view variable = pair.substr(0, pair.find('='));
    const std::string name = NameOfVariable(variable);
    if (name.empty() || variable.size() + 1 >= pair.size() || Find(name) != nullptr ||
        std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end() ||
        IsOfKubernetes(name) || IsNumbered(name)) {
      continue;
    }
    const bool of_this_service = name.starts_with(own);
    const bool is_typo = std::any_of(settings.begin(), settings.end(), [&](const Setting& setting) {
      return setting.info.name.size() >= kTypoBytesMin &&
             config::EditDistance(name, setting.info.name) <= kTypoEditsMax;
    });
    if (of_this_service || is_typo) {
      Unknown(variable, name, pair.substr(variable.size() + 1), "the environment", "variable",
              false);
    }
  }
}

void Settings::Impl::ReadUnknownFlags(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      continue;
    }
    if (!word.starts_with('-')) {
      Mistake("argument", word, "the command line", "flags only", false);
      continue;
    }
    const auto equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos && i + 1 < words.size() && !words[i + 1].starts_with('-')) {
      value = words[++i];
    }
    std::string name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
    std::replace(name.begin(), name.end(), '-', '_');
    Unknown(flag, name, value, "the command line", "flag", true);
  }
}

void Settings::Impl::CheckRequired() {
  for (const Setting& setting : settings) {
    if (setting.info.required && setting.empty()) {
      Mistake(setting.info.name, "", setting.source,
              "a value, which must be set by " + config::FlagOf(setting.info.name) + ", " +
                  VariableOf(setting.info.name) + " or the config file: " + setting.info.help,
              false);
    }
  }
}

void Settings::Impl::CheckRules() {
  for (const auto& rule : rules) {
    if (const auto mistake = rule()) {
      const Setting* const setting = Find(mistake->name);
      Mistake(mistake->name, mistake->value, setting != nullptr ? setting->source : "default",
              mistake->allowed, setting != nullptr && setting->info.secret);
    }
  }
}

}  // namespace belfry
