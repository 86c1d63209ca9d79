// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_impl.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/config_file.h"
#include "libs/common/config_value.h"
#include "libs/common/file.h"

namespace belfry {
namespace {

// Flags of ours that are no settings.
constexpr std::array<std::string_view, 4> kReserved = {"help", "version", "print_config", "config"};

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
    allowed += " (did you mean " +
               (as_flag ? config::FlagOf(nearest->info.name) : nearest->info.name) + "?)";
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
                  VariableOf(setting.info.name) + " or the config file",
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
