// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "libs/common/config_impl.h"
#include "libs/common/config_value.h"

namespace belfry {
namespace {

// `--name=` as two words: CLI11 takes an empty value after '=' for none at all.
std::vector<std::string> Words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.starts_with("--") && word.find('=') == word.size() - 1) {
      word.pop_back();
      words.push_back(std::move(word));
      words.emplace_back();
    } else {
      words.push_back(std::move(word));
    }
  }
  return words;
}

void AddSettings(const std::vector<config::Setting>& settings, CLI::App* app,
                 std::vector<CLI::Option*>* options) {
  for (const config::Setting& setting : settings) {
    const std::string flag = config::FlagOf(setting.info.name);
    CLI::Option* option = nullptr;
    if (setting.is_flag) {
      option = app->add_flag(flag)->description(setting.info.help);
    } else {
      option = app->add_option(flag)->description(setting.info.help)->type_name(setting.type);
      if (!setting.empty() && !setting.info.secret) {
        option->default_str(setting.print());
      }
    }
    options->push_back(option->take_last());
  }
}

}  // namespace

Settings::Settings(std::string program, std::string description, std::string version)
    : impl_(std::make_unique<Impl>()) {
  impl_->program = std::move(program);
  impl_->description = std::move(description);
  impl_->version = std::move(version);
}
Settings::~Settings() = default;

std::string Settings::Print() const {
  std::string text;
  for (const config::Setting& setting : impl_->settings) {
    const bool masked = setting.info.secret && !setting.empty();
    text += setting.info.name + " = " + (masked ? config::Quote(config::kMask) : setting.print()) +
            "\n";
  }
  return text;
}

Settings::Outcome Settings::Load(int argc, const char* const* argv, std::ostream& out,
                                 std::ostream& err) {
  CLI::App app(impl_->description, impl_->program);
  app.set_help_flag();
  app.allow_extras();
  app.footer(
      "Every flag is also a variable (--store-grpc: BELFRY_STORE_GRPC) and a key of the\n"
      "config file (store_grpc). Flag beats variable beats file beats default.");
  const auto* const help = app.add_flag("-h,--help")->description("Print this and exit");
  const auto* const version = app.add_flag("--version")->description("Print the version and exit");
  const auto* const print =
      app.add_flag("--print-config")->description("Print the settings in force and exit");
  const auto* const file = app.add_option("--config")
                               ->description("File of settings (also BELFRY_CONFIG)")
                               ->type_name("PATH")
                               ->take_last();
  std::vector<CLI::Option*> options;
  AddSettings(impl_->settings, &app, &options);

  impl_->mistakes.clear();
  const std::vector<std::string> words = Words(argc, argv);
  std::optional<std::string> unfinished;  // a flag at the end without its value
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
  } catch (const CLI::Error&) {
    unfinished = words.back();
  }
  if (help->count() > 0) {
    out << app.help();
    return Outcome::kExitOk;
  }
  if (version->count() > 0) {
    out << impl_->version << "\n";
    return Outcome::kExitOk;
  }

  const char* const config_variable = std::getenv("BELFRY_CONFIG");
  if (file->count() > 0) {
    impl_->ReadFrom(file->results().back(), "--config");
  } else if (config_variable != nullptr && *config_variable != '\0') {
    impl_->ReadFrom(config_variable, "BELFRY_CONFIG");
  }
  impl_->ReadVariables();
  impl_->ReadUnknownVariables();
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i]->count() > 0) {
      config::Setting& setting = impl_->settings[i];
      impl_->Apply(setting, options[i]->results().back(), config::FlagOf(setting.info.name));
    }
  }
  impl_->ReadUnknownFlags(app.remaining());
  if (unfinished) {
    impl_->Mistake(*unfinished, "", "the command line", "a value after it", false);
  }
  impl_->CheckRequired();
  if (impl_->mistakes.empty()) {
    impl_->CheckRules();
  }
  if (!impl_->mistakes.empty()) {
    for (const std::string& line : impl_->mistakes) {
      err << impl_->program << ": " << line << "\n";
    }
    return Outcome::kExitMistakes;
  }
  if (print->count() > 0) {
    out << Print();
    return Outcome::kExitOk;
  }
  return Outcome::kRun;
}

}  // namespace belfry
