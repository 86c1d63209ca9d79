// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/inbox_arguments.h"

#include <CLI/CLI.hpp>

namespace belfry::cli {
namespace {

using What = InboxCommand::What;

constexpr int kIdsMax = 100;

}  // namespace

CLI::App* InboxArguments::Add(CLI::App& app, const char* name, What what, const char* help) {
  CLI::App* const added = app.add_subcommand(name, help);
  added->add_option("--ingest", command_.ingest, "BELFRY_INGEST_HTTP; 127.0.0.1:7180")
      ->type_name("HOST:PORT");
  added
      ->add_option("--api-key", command_.api_key,
                   "BELFRY_API_KEY is the better place for it; needs the scope \"inbox\"")
      ->type_name("ID.SECRET");
  added->add_flag("--insecure", command_.insecure, "Send the key beyond loopback without TLS");
  added->add_flag("--json", command_.json, "Print the answer, or the error, as JSON");
  auto* const user = added->add_option("-u,--user", command_.user, "Whose inbox");
  if (what != What::kRetract) {
    user->required();
  }
  apps_.emplace_back(added, what);
  return added;
}

void InboxArguments::AddIds(const char* name, What what, const char* help, CLI::App& app) {
  Add(app, name, what, help)
      ->add_option("ids", command_.ids, "Ids of notifications, up to 100")
      ->required()
      ->expected(1, kIdsMax);
}

void InboxArguments::AddTo(CLI::App& app, const Environment& environment) {
  command_.ingest = environment.Get("BELFRY_INGEST_HTTP", "127.0.0.1:7180");
  command_.api_key = environment.Get("BELFRY_API_KEY");

  CLI::App* const list = Add(app, "list", What::kList, "List a user's notifications, newest first");
  list->add_option("--limit", command_.limit, "How many, 1 to 100; 20");
  list->add_option("--before", command_.before, "Only those with a smaller id: the next page");
  list->add_flag("--unread", command_.unread, "Only those that are unread");
  list->add_flag("--archived", command_.archived, "Those that are archived, instead of all others");
  list->add_option("--kind", command_.kind, "Only kinds that begin so");
  list->add_option("--level", command_.level, "Only this level");

  AddIds("read", What::kRead, "Mark notifications of a user as read", app);
  AddIds("unread", What::kUnread, "Mark notifications of a user as unread", app);
  AddIds("archive", What::kArchive, "Archive notifications of a user", app);
  AddIds("delete", What::kDelete, "Delete notifications of a user, for this user only", app);

  CLI::App* const all = Add(app, "read-all", What::kReadAll,
                            "Mark everything up to an id as read; what came later is untouched");
  all->add_option("--up-to", command_.up_to, "The greatest id that is marked")->required();
  all->add_option("--kind", command_.kind, "Only kinds that begin so");
  Add(app, "seen", What::kSeen, "Count what is unseen from an id on")
      ->add_option("--up-to", command_.up_to, "The greatest id that was seen")
      ->required();
  Add(app, "counts", What::kCounts, "Print how many notifications of a user are unread");

  CLI::App* const preferences = Add(app, "preferences", What::kPreferences,
                                    "Print the kinds that a user has muted, or set them");
  preferences->add_option("--mute", command_.muted,
                          "All kinds (or beginnings of kinds) to mute from now on");
  preferences->add_flag("--mute-none", command_.mute_none, "Mute no kind any more")
      ->excludes(preferences->get_option("--mute"));

  CLI::App* const retract =
      Add(app, "retract", What::kRetract,
          "Take a notification back, everywhere: give --user and its id, --broadcast or "
          "--idempotency-key; needs the scope of its publish");
  retract->add_option("id", command_.ids, "The notification's id")->expected(0, 1);
  retract->add_option("--broadcast", command_.broadcast, "The broadcast's id");
  retract->add_option("--idempotency-key", command_.idempotency_key,
                      "What was published with this key in the last 24 hours");
}

std::optional<InboxCommand> InboxArguments::Chosen() const {
  for (const auto& [app, what] : apps_) {
    if (app->parsed()) {
      InboxCommand chosen = command_;
      chosen.what = what;
      chosen.set_muted = !command_.muted.empty() || command_.mute_none;
      return chosen;
    }
  }
  return std::nullopt;
}

}  // namespace belfry::cli
