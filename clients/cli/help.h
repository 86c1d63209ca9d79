// SPDX-License-Identifier: Apache-2.0
// The text below the list of commands in `belfry --help`.
#pragma once

namespace belfry::cli {

inline constexpr const char* kHelpFooter = R"help(Examples:
  belfry notify --user alice --title "Lunch?" --body "At noon."
  belfry broadcast --title "Maintenance at 22:00" --level warning
  belfry tail --user alice
  belfry list --user alice --unread
  belfry read --user alice 1794892234567890
  belfry retract --idempotency-key order-4711-shipped
  belfry user set alice plan=pro role=admin
  belfry segment create beta && belfry segment add beta alice bob
  belfry notify --segment plan:pro,beta --exclude bob --title "New in beta"
  belfry operation --wait 1794892234567890
  belfry tail --user alice --json --count 1 --timeout 30s
  curl -N http://127.0.0.1:8080/v1/stream -H "Authorization: Bearer $(belfry token --user alice)"
  belfry check-config edge --config edge.toml
  belfry keys new --id shop --project demo --scopes notify,inbox,audience --file api-keys.json
  belfry internal-keys new --id edge-1 --roles edge --file internal-keys.json
  belfry jwt-keys new --file jwt-keys.json
  belfry announce-keys new --file announce-keys.json

`belfry COMMAND --help` lists a command's flags. Addresses and keys come from flags, else from
BELFRY_ variables, else from .belfry/dev.env of a stack that ./dev up started (in this folder or
one above).

Exit codes:
  0  done
  1  failed here: a file, a timeout of tail or of operation --wait; an operation that failed
  2  wrong usage
  3  refused by the server (input, credentials, limits); it was not stored
  4  unavailable, or the outcome is unknown; a retry is safe with the same --idempotency-key
)help";

}  // namespace belfry::cli
