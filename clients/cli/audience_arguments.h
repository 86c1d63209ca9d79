// SPDX-License-Identifier: Apache-2.0
// The arguments of `belfry segment ...`, `belfry user ...` and `belfry operation`. Private to this
// room.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/environment.h"

namespace CLI {
class App;
}

namespace belfry::cli {

class AudienceArguments {
 public:
  // Declares them in `app`, which is parsed into this.
  void AddTo(CLI::App& app, const Environment& environment);
  // std::nullopt: another command was given.
  std::optional<AudienceCommand> Chosen() const;

 private:
  CLI::App* Add(CLI::App& app, const char* name, AudienceCommand::What what, const char* help);
  CLI::App* AddNamed(CLI::App& app, const char* name, AudienceCommand::What what, const char* help,
                     const char* what_name);
  void AddPage(CLI::App& app, const char* after);
  void AddSegments(CLI::App& app);
  void AddUsers(CLI::App& app);
  void AddOperation(CLI::App& app);

  AudienceCommand command_;  // whichever is parsed: only one is
  std::vector<std::pair<CLI::App*, AudienceCommand::What>> apps_;
};

}  // namespace belfry::cli
