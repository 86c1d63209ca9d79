// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/arguments.h"

#include <CLI/CLI.hpp>
#include <map>
#include <ostream>
#include <string>

#include "clients/cli/audience_arguments.h"
#include "clients/cli/durations.h"
#include "clients/cli/help.h"
#include "clients/cli/inbox_arguments.h"
#include "clients/cli/mistakes.h"
#include "libs/common/names.h"
#include "libs/version/version.h"

namespace belfry::cli {
namespace {

constexpr int kExcludedMax = 1'000;

CLI::Validator Is(bool (*accepts)(std::string_view), const std::string& what) {
  return CLI::Validator(
      [accepts, what](std::string& value) {
        return accepts(value) ? std::string() : "must be " + what;
      },
      "");
}

CLI::Validator UserId() {
  return Is(IsUserId, "1 to 128 bytes of UTF-8 without control characters");
}
CLI::Validator Project() { return Is(IsProject, "1 to 64 of [A-Za-z0-9_.-]"); }

// Declares everything and holds what it is parsed into.
class Parser {
 public:
  explicit Parser(const Environment& environment) : environment_(environment) {
    app_.require_subcommand(1);
    app_.footer(kHelpFooter);
    app_.set_version_flag("--version", VersionText("belfry"));
    AddNotify();
    AddBroadcast();
    inbox_.AddTo(app_, environment);
    audience_.AddTo(app_, environment);
    AddTail();
    AddToken();
    AddCheckConfig();
    AddHealth();
    AddKeys();
    AddInternalKeys();
    AddJwtKeys();
    AddAnnounceKeys();
  }

  Arguments Parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
    // CLI11 would only say that a subcommand is required.
    if (argc > 1 && argv[1][0] != '-' && !HasCommand(argv[1])) {
      err << "belfry: there is no command \"" << Printable(argv[1])
          << "\"; belfry --help lists them\n";
      return {std::nullopt, kUsage};
    }
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return {std::nullopt, app_.exit(error, out, err) == 0 ? kDone : kUsage};
    }
    Command chosen = Chosen();
    const std::string wrong =
        std::visit([](const auto& command) { return MistakeIn(command); }, chosen);
    if (!wrong.empty()) {
      err << "belfry: " << wrong << "\n";
      return {std::nullopt, kUsage};
    }
    return {std::move(chosen), kDone};
  }

 private:
  bool HasCommand(const std::string& name) {
    return !app_.get_subcommands([&name](const CLI::App* app) { return app->check_name(name); })
                .empty();
  }
  void AddMessage(CLI::App* app, NotifyCommand* command) {
    command->ingest = environment_.Get("BELFRY_INGEST_GRPC", "127.0.0.1:7100");
    command->api_key = environment_.Get("BELFRY_API_KEY");
    command->tls_ca = environment_.Get("BELFRY_TLS_CA");
    command->tls_cert = environment_.Get("BELFRY_TLS_CERT");
    command->tls_key = environment_.Get("BELFRY_TLS_KEY");
    app->add_option("-t,--title", command->title, "The first line, in bold: 1 to 256 bytes")
        ->required();
    app->add_option("-b,--body", command->body, "The text below the title");
    app->add_option("--kind", command->kind, "What happened, such as \"comment.created\"");
    app->add_option("--level", command->level, "How important it is; info")
        ->check(CLI::IsMember({"info", "success", "warning", "error"}));
    app->add_option("--actor-id", command->actor_id, "Who did it");
    app->add_option("--subject-type", command->subject_type, "Type of what it was done to");
    app->add_option("--subject-id", command->subject_id, "Id of what it was done to");
    app->add_option("--action-url", command->action_url, "Where a click leads");
    app->add_option("--image-url", command->image_url, "A picture");
    app->add_option("--meta", command->meta, "Data of your own: a JSON object")->type_name("JSON");
    AddDuration(app, "--expires-in", &command->expires_in,
                "Not delivered after that time; without it, it never expires");
    app->add_option("--idempotency-key", command->idempotency_key,
                    "The same key within 24 h notifies once only; generated if not given, so that "
                    "belfry's own retries are safe");
    AddDuration(app, "--timeout", &command->timeout, "Time for all attempts together; 10s");
    app->add_option("--ingest", command->ingest, "BELFRY_INGEST_GRPC; 127.0.0.1:7100")
        ->type_name("HOST:PORT");
    app->add_option("--api-key", command->api_key, "BELFRY_API_KEY is the better place for it")
        ->type_name("ID.SECRET");
    app->add_option("--tls-ca", command->tls_ca, "BELFRY_TLS_CA: a PEM file")->type_name("FILE");
    app->add_option("--tls-cert", command->tls_cert, "BELFRY_TLS_CERT")->type_name("FILE");
    app->add_option("--tls-key", command->tls_key, "BELFRY_TLS_KEY")->type_name("FILE");
    app->add_flag("--insecure", command->insecure, "Send the key beyond loopback without TLS");
    app->add_flag("--json", command->json, "Print the answer, or the error, as JSON");
  }

  static void AddExclude(CLI::App* app, NotifyCommand* command) {
    app->add_option("--exclude", command->exclude, "Users who do not get it, up to 1,000")
        ->check(UserId())
        ->expected(1, kExcludedMax)
        ->type_name("USER");
  }

  void AddNotify() {
    notify_app_ = app_.add_subcommand(
        "notify", "Notify one user, or a segment's members; exit code 0 means it is on disk");
    notify_app_->add_option("-u,--user", notify_.user, "Who is notified")->check(UserId());
    notify_app_->add_option(
        "--segment", notify_.segment,
        "Instead of --user, all members: a segment's name, an attribute "
        "(plan:pro), or up to 8 of them joined by ','; prints the operation's id");
    AddExclude(notify_app_, &notify_);
    AddMessage(notify_app_, &notify_);
  }

  void AddBroadcast() {
    broadcast_app_ = app_.add_subcommand("broadcast", "Notify every user of the API key's project");
    broadcast_.broadcast = true;
    AddExclude(broadcast_app_, &broadcast_);
    AddMessage(broadcast_app_, &broadcast_);
  }

  void AddIdentity(CLI::App* app, TokenCommand* command) {
    command->keys_file = environment_.Get("BELFRY_JWT_KEYS_FILE");
    command->project = environment_.Get("BELFRY_PROJECT", "demo");
    command->issuer = environment_.Get("BELFRY_JWT_ISSUER");
    app->add_option("-u,--user", command->user, "The user")->check(UserId());
    app->add_option("-p,--project", command->project, "BELFRY_PROJECT; demo")->check(Project());
    app->add_option("--keys-file", command->keys_file,
                    "BELFRY_JWT_KEYS_FILE: the edges' keys file; its first HS256 key signs")
        ->type_name("FILE");
    app->add_option("--issuer", command->issuer, "BELFRY_JWT_ISSUER: the token's \"iss\"");
  }

  void AddTail() {
    tail_app_ = app_.add_subcommand(
        "tail", "Print a user's stream as it arrives; resumes by itself and loses no entry");
    tail_.edge = environment_.Get("BELFRY_EDGE_HTTP", "127.0.0.1:8080");
    tail_.token = environment_.Get("BELFRY_TOKEN");
    AddIdentity(tail_app_, &tail_.new_token);
    tail_app_->add_option("--token", tail_.token,
                          "BELFRY_TOKEN: used unless --user asks for a new one");
    tail_app_->add_option("--edge", tail_.edge, "BELFRY_EDGE_HTTP; 127.0.0.1:8080")
        ->type_name("HOST:PORT");
    tail_app_->add_option("--last-event-id", tail_.last_event_id,
                          "Start after this cursor instead of now (0: from the oldest entry kept)");
    tail_app_
        ->add_option("--batch-ms", tail_.batch_ms,
                     "Let the edge group notifications of so many milliseconds")
        ->check(CLI::Range(0, 5'000).description(""))
        ->type_name("0-5000");
    tail_app_->add_option("-n,--count", tail_.count, "End after that many notifications")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40).description(""))
        ->type_name("N");
    AddDuration(tail_app_, "--timeout", &tail_.timeout,
                "End after that time: exit code 1 if --count is not reached, 4 if no stream "
                "opened");
    tail_app_->add_flag("--insecure", tail_.insecure, "Send the token beyond loopback without TLS");
    tail_app_->add_flag("--json", tail_.json,
                        "One line {\"event\",\"id\",\"data\"} for each event; id is the cursor");
    tail_app_->add_flag("-v,--verbose", tail_.verbose, "Show heartbeats and bookmarks too");
  }

  void AddToken() {
    token_app_ = app_.add_subcommand("token", "Print a JWT for a user");
    token_.audience = environment_.Get("BELFRY_JWT_AUDIENCE");
    AddIdentity(token_app_, &token_);
    token_app_->get_option("--user")->required();
    AddDuration(token_app_, "--ttl", &token_.ttl, "How long it is valid; 1h, a ticket at most 60s");
    token_app_->add_flag("--ticket", token_.ticket,
                         "A short-lived one for ?ticket=, where no header can be sent");
    token_app_->add_option("--audience", token_.audience, "BELFRY_JWT_AUDIENCE: its \"aud\"");
  }

  void AddCheckConfig() {
    check_app_ = app_.add_subcommand(
        "check-config",
        "Print a service's settings as it reads them; exits as the service would (2: mistakes)");
    check_app_->add_option("service", check_.service, "store, ingest or edge")
        ->required()
        ->check(CLI::IsMember({"store", "ingest", "edge"}));
    check_app_->add_option("--config", check_config_file_, "Its settings file")->type_name("FILE");
    check_app_->allow_extras();
    check_app_->footer("Any other flag is the service's own: belfry check-config edge --demo");
  }

  void AddHealth() {
    health_app_ = app_.add_subcommand(
        "health", "Check a process through its admin port; exit code 0 if it answers 200");
    health_app_->add_option("url", health_.url, "http://HOST:PORT/readyz")
        ->required()
        ->check(Is([](std::string_view url) { return url.starts_with("http://"); },
                   "http://HOST:PORT/PATH"));
    AddDuration(health_app_, "--timeout", &health_.timeout, "Time for the whole call; 2s");
  }

  void AddKeys() {
    CLI::App* keys = app_.add_subcommand("keys", "Producers' API keys");
    keys->require_subcommand(1);
    keys_app_ = keys->add_subcommand(
        "new", "Add a key to a file of ingest's (BELFRY_API_KEYS_FILE) and print it, this once");
    keys_app_->add_option("--id", new_key_.id, "Its name in logs: 1 to 32 of [A-Za-z0-9_-]")
        ->required()
        ->check(Is(IsKeyId, "1 to 32 of [A-Za-z0-9_-]"));
    keys_app_->add_option("-p,--project", new_key_.project, "Whose notifications it may publish")
        ->required()
        ->check(Project());
    keys_app_
        ->add_option("--scopes", scopes_, "notify, broadcast, inbox, audience or several; notify")
        ->delimiter(',')
        ->check(CLI::IsMember({"notify", "broadcast", "inbox", "audience"}));
    keys_app_->add_option("--file", new_key_.file, "Made if it is not there")
        ->required()
        ->type_name("FILE");
  }

  void AddInternalKeys() {
    CLI::App* keys =
        app_.add_subcommand("internal-keys", "Keys by which the store knows its callers");
    keys->require_subcommand(1);
    internal_keys_app_ =
        keys->add_subcommand("new",
                             "Add a key to the store's file (BELFRY_INTERNAL_KEYS_FILE) and print "
                             "it, this once: for the "
                             "process's own file (BELFRY_INTERNAL_KEY_FILE)");
    internal_keys_app_
        ->add_option("--id", new_internal_key_.id, "Its name: 1 to 32 of [A-Za-z0-9_-]")
        ->required()
        ->check(Is(IsKeyId, "1 to 32 of [A-Za-z0-9_-]"));
    internal_keys_app_
        ->add_option("--roles", new_internal_key_.roles, "ingest, edge, operator or several")
        ->required()
        ->delimiter(',')
        ->check(CLI::IsMember({"ingest", "edge", "operator"}));
    internal_keys_app_->add_option("--file", new_internal_key_.file, "Made if it is not there")
        ->required()
        ->type_name("FILE");
  }

  void AddJwtKeys() {
    CLI::App* keys = app_.add_subcommand("jwt-keys", "Keys that verify browsers' tokens");
    keys->require_subcommand(1);
    jwt_keys_app_ = keys->add_subcommand("new", "Make a keys file of one random HS256 key");
    new_jwt_keys_.kid = "main";
    jwt_keys_app_->add_option("--kid", new_jwt_keys_.kid, "The key's name; main")
        ->check(Is(IsKeyId, "1 to 32 of [A-Za-z0-9_-]"));
    jwt_keys_app_->add_option("--file", new_jwt_keys_.file, "Never overwritten; else to stdout")
        ->type_name("FILE");
  }

  void AddAnnounceKeys() {
    CLI::App* keys = app_.add_subcommand("announce-keys", "Keys that store and edges share");
    keys->require_subcommand(1);
    announce_keys_app_ = keys->add_subcommand(
        "new", "Make a keys file of one random key, or add one to a file, which verifies");
    new_announce_key_.id = "main";
    announce_keys_app_->add_option("--id", new_announce_key_.id, "The key's name; main")
        ->check(Is(IsKeyId, "1 to 32 of [A-Za-z0-9_-]"));
    announce_keys_app_
        ->add_option("--file", new_announce_key_.file, "Made if it is not there; else to stdout")
        ->type_name("FILE");
  }

  Command Chosen() {
    if (notify_app_->parsed()) {
      return notify_;
    }
    if (broadcast_app_->parsed()) {
      return broadcast_;
    }
    if (const auto inbox = inbox_.Chosen()) {
      return *inbox;
    }
    if (const auto audience = audience_.Chosen()) {
      return *audience;
    }
    if (tail_app_->parsed()) {
      return tail_;
    }
    if (token_app_->parsed()) {
      return token_;
    }
    if (check_app_->parsed()) {
      if (!check_config_file_.empty()) {
        check_.arguments = {"--config", check_config_file_};
      }
      for (const std::string& extra : check_app_->remaining()) {
        check_.arguments.push_back(extra);
      }
      return check_;
    }
    if (health_app_->parsed()) {
      return health_;
    }
    if (internal_keys_app_->parsed()) {
      return new_internal_key_;
    }
    if (jwt_keys_app_->parsed()) {
      return new_jwt_keys_;
    }
    if (announce_keys_app_->parsed()) {
      return new_announce_key_;
    }
    for (const std::string& scope : scopes_) {
      new_key_.may_notify = new_key_.may_notify || scope == "notify";
      new_key_.may_broadcast = new_key_.may_broadcast || scope == "broadcast";
      new_key_.may_inbox = new_key_.may_inbox || scope == "inbox";
      new_key_.may_audience = new_key_.may_audience || scope == "audience";
    }
    new_key_.may_notify = new_key_.may_notify || scopes_.empty();
    return new_key_;
  }

  const Environment& environment_;
  CLI::App app_{
      "Publishes to belfry, prints streams, reads inboxes, keeps segments, makes tokens and keys.",
      "belfry"};
  CLI::App* notify_app_ = nullptr;
  CLI::App* broadcast_app_ = nullptr;
  CLI::App* tail_app_ = nullptr;
  CLI::App* token_app_ = nullptr;
  CLI::App* check_app_ = nullptr;
  CLI::App* health_app_ = nullptr;
  CLI::App* keys_app_ = nullptr;
  CLI::App* internal_keys_app_ = nullptr;
  CLI::App* jwt_keys_app_ = nullptr;
  CLI::App* announce_keys_app_ = nullptr;
  InboxArguments inbox_;
  AudienceArguments audience_;
  NotifyCommand notify_;
  NotifyCommand broadcast_;
  TailCommand tail_;
  TokenCommand token_;
  CheckConfigCommand check_;
  std::string check_config_file_;
  HealthCommand health_;
  NewApiKeyCommand new_key_;
  std::vector<std::string> scopes_;
  NewInternalKeyCommand new_internal_key_;
  NewJwtKeysCommand new_jwt_keys_;
  NewAnnounceKeyCommand new_announce_key_;
};

}  // namespace

Arguments ParseArguments(int argc, const char* const* argv, const Environment& environment,
                         std::ostream& out, std::ostream& err) {
  return Parser(environment).Parse(argc, argv, out, err);
}

}  // namespace belfry::cli
