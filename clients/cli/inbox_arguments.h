// SPDX-License-Identifier: Apache-2.0
// The arguments of `belfry list`, `read`, `counts` and the other commands for a user's inbox.
// Private to this room.
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

class InboxArguments {
 public:
  // Declares them in `app`, which is parsed into this.
  void AddTo(CLI::App& app, const Environment& environment);
  // std::nullopt: another command was given.
  std::optional<InboxCommand> Chosen() const;

 private:
  CLI::App* Add(CLI::App& app, const char* name, InboxCommand::What what, const char* help);
  void AddIds(const char* name, InboxCommand::What what, const char* help, CLI::App& app);

  InboxCommand command_;  // whichever is parsed: only one is
  std::vector<std::pair<CLI::App*, InboxCommand::What>> apps_;
};

}  // namespace belfry::cli
