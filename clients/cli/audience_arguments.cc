// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/audience_arguments.h"

#include <CLI/CLI.hpp>

#include "clients/cli/durations.h"

namespace belfry::cli {
namespace {

using What = AudienceCommand::What;

constexpr int kUsersMax = 1'000;
constexpr int kAttributesMax = 32;

}  // namespace

CLI::App* AudienceArguments::Add(CLI::App& app, const char* name, What what, const char* help) {
  CLI::App* const added = app.add_subcommand(name, help);
  added->add_option("--ingest", command_.ingest, "BELFRY_INGEST_HTTP; 127.0.0.1:7180")
      ->type_name("HOST:PORT");
  const bool inbox = what == What::kEraseUser || what == What::kRevokeUser ||
                     what == What::kRevokeAll || what == What::kKickUser;
  const char* const scope = inbox ? "\"inbox\"" : "\"audience\"";
  added
      ->add_option("--api-key", command_.api_key,
                   std::string("BELFRY_API_KEY is the better place for it; needs the scope ") +
                       (what == What::kOperation ? "of what began it" : scope))
      ->type_name("ID.SECRET");
  added->add_flag("--insecure", command_.insecure, "Send the key beyond loopback without TLS");
  added->add_flag("--json", command_.json, "Print the answer, or the error, as JSON");
  apps_.emplace_back(added, what);
  return added;
}

CLI::App* AudienceArguments::AddNamed(CLI::App& app, const char* name, What what, const char* help,
                                      const char* what_name) {
  CLI::App* const added = Add(app, name, what, help);
  added->add_option("name", command_.name, what_name)->required();
  return added;
}

void AudienceArguments::AddPage(CLI::App& app, const char* after) {
  app.add_option("--after", command_.after, after);
  app.add_option("--limit", command_.limit, "How many, 1 to 1000; 100");
}

void AudienceArguments::AddSegments(CLI::App& app) {
  CLI::App* const segment = app.add_subcommand("segment", "Named sets of users");
  segment->require_subcommand(1);
  const char* const kName = "The segment's name";
  AddNamed(*segment, "create", What::kCreateSegment, "Make a segment without members", kName);
  AddNamed(*segment, "delete", What::kDeleteSegment, "Delete a segment; its users stay", kName);
  AddPage(*Add(*segment, "list", What::kListSegments,
               "List segments, attributes among them, and how many members each has"),
          "Only names after this one");
  for (const auto& [name, what, help] :
       {std::tuple("add", What::kAddMembers, "Add users to a segment"),
        std::tuple("remove", What::kRemoveMembers, "Remove users from a segment")}) {
    AddNamed(*segment, name, what, help, kName)
        ->add_option("users", command_.users, "Ids of users, up to 1,000")
        ->required()
        ->expected(1, kUsersMax);
  }
  AddPage(*AddNamed(*segment, "members", What::kListMembers, "List the members of a segment",
                    "The segment's name, or an attribute: plan:pro"),
          "Only ids after this one");
}

void AudienceArguments::AddUsers(CLI::App& app) {
  CLI::App* const user = app.add_subcommand("user", "What is known of users");
  user->require_subcommand(1);
  const char* const kName = "The user's id";
  AddNamed(*user, "set", What::kSetUser, "Set all attributes of a user; those not given are gone",
           kName)
      ->add_option("attributes", command_.attributes, "KEY=VALUE, up to 32")
      ->expected(0, kAttributesMax);
  AddNamed(*user, "show", What::kShowUser, "Print a user's attributes and segments", kName);
  AddPage(*Add(*user, "list", What::kListUsers, "List users, by their ids"),
          "Only ids after this one");
  AddNamed(*user, "erase", What::kEraseUser,
           "Erase all that is kept of a user, for good; prints the operation's id", kName);
  AddNamed(*user, "revoke", What::kRevokeUser,
           "Make all tokens of a user void that were issued before now, and close their streams",
           kName);
  Add(*user, "revoke-all", What::kRevokeAll,
      "Make all tokens of everybody in the project void that were issued before now");
  AddNamed(*user, "kick", What::kKickUser, "Close a user's streams; their tokens stay good", kName);
}

void AudienceArguments::AddOperation(CLI::App& app) {
  CLI::App* const operation = AddNamed(app, "operation", What::kOperation,
                                       "Print how far an operation is", "The operation's id");
  operation->add_flag("--wait", command_.wait, "Wait until it has ended");
  AddDuration(operation, "--timeout", &command_.timeout, "Wait no longer; exit code 1");
}

void AudienceArguments::AddTo(CLI::App& app, const Environment& environment) {
  command_.ingest = environment.Get("BELFRY_INGEST_HTTP", "127.0.0.1:7180");
  command_.api_key = environment.Get("BELFRY_API_KEY");
  AddSegments(app);
  AddUsers(app);
  AddOperation(app);
}

std::optional<AudienceCommand> AudienceArguments::Chosen() const {
  for (const auto& [app, what] : apps_) {
    if (app->parsed()) {
      AudienceCommand chosen = command_;
      chosen.what = what;
      return chosen;
    }
  }
  return std::nullopt;
}

}  // namespace belfry::cli
