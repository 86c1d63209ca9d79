// SPDX-License-Identifier: Apache-2.0
#include "services/edge/config.h"

#include <optional>
#include <utility>

#include "services/edge/http/client_address.h"
#include "services/edge/http/cors.h"

namespace belfry::edge {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

void DeclareAddresses(Settings& settings, Config& config) {
  settings.AddAddress({.name = "edge_http", .help = "where browsers call"}, &config.http);
  settings.AddAddress({.name = "edge_admin", .help = "/livez, /readyz and /metrics"},
                      &config.admin);
  settings.AddList({.name = "admin_hosts",
                    .help = "names in Host under which the admin port answers, besides localhost"},
                   &config.admin_hosts);
  settings.AddAddress({.name = "store_grpc", .help = "where the store is"}, &config.store_grpc);
  settings.AddString({.name = "nats_url",
                      .help = "where commits are announced; may be absent or down",
                      .required = true},
                     &config.nats_url);
  settings.AddString(
      {.name = "nats_credentials_file",
       .help = "file with one line \"user:password\" for NATS, instead of those in nats_url"},
      &config.nats_credentials_file);
  settings.AddString(
      {.name = "announce_keys_file",
       .help = "keys that verify announcements (JSON); made by \"belfry announce-keys new\"",
       .required = true},
      &config.announce_keys_file);
  DeclareTls(settings, config.tls, "plain gRPC, NATS and HTTP");
  DeclareCallerKey(settings, config.tls, config.internal_key_file);
}

void DeclareBrowsers(Settings& settings, Config& config) {
  settings.AddString({.name = "jwt_keys_file",
                      .help = "keys that verify tokens (JSON); read again on SIGHUP",
                      .required = true},
                     &config.jwt_keys_file);
  settings.AddString(
      {.name = "jwt_issuer", .help = "the \"iss\" that tokens must have; any if empty"},
      &config.jwt_issuer);
  settings.AddString({.name = "jwt_audience", .help = "the \"aud\" of tokens that have one"},
                     &config.jwt_audience);
  settings.AddDuration({.name = "token_leeway",
                        .help = "by how much the clocks of whoever issues tokens may differ"},
                       &config.token_leeway, seconds(1), seconds(60));
  settings.AddDuration({.name = "token_lifetime_max",
                        .help = "from a token's iat to its exp; revocations are known for so long"},
                       &config.token_lifetime_max, minutes(1), hours(366 * 24));
  settings.AddDuration({.name = "edge_ticket_stream_max",
                        .help = "time after which the stream of a ticket without stream_exp ends"},
                       &config.ticket_stream_max, seconds(10), hours(366 * 24));
  settings.AddInteger({.name = "edge_revocations_max",
                       .help = "users with revoked tokens; a further one revokes their project's"},
                      &config.revocations_max, 1'000, 100'000'000);
  settings.AddList({.name = "edge_cors_origins", .help = "origins whose pages may read answers"},
                   &config.cors_origins);
  settings.AddList({.name = "edge_trusted_proxies",
                    .help = "addresses or CIDR blocks whose X-Forwarded-For is trusted"},
                   &config.trusted_proxies);
}

void DeclareApi(Settings& settings, Config& config) {
  settings.AddInteger(
      {.name = "edge_api_per_second", .help = "lists and changes of one user per second"},
      &config.api_per_second, 1, 100'000);
  settings.AddInteger({.name = "edge_api_burst", .help = "of them at once after a quiet time"},
                      &config.api_burst, 1, 100'000);
  settings.AddInteger(
      {.name = "edge_api_calls_max", .help = "lists and changes that wait for the store at once"},
      &config.api_calls_max, 1, 1'000'000);
}

void DeclareStreams(Settings& settings, Config& config) {
  StreamOptions& streams = config.streams;
  settings.AddInteger({.name = "edge_cores", .help = "threads for browsers; 0 = one per processor"},
                      &config.cores, 0, 256);
  settings.AddInteger({.name = "edge_streams_per_user_max",
                       .help = "streams of one user; a further one ends the oldest"},
                      &streams.per_user_max, 1, 1'000);
  settings.AddInteger({.name = "edge_streams_per_project_max", .help = "streams of one project"},
                      &streams.per_project_max, 1, 10'000'000);
  settings.AddInteger({.name = "edge_streams_per_address_max", .help = "streams of one address"},
                      &streams.per_address_max, 1, 10'000'000);
  settings.AddInteger({.name = "edge_streams_max", .help = "streams of this process"},
                      &streams.streams_max, 1, 10'000'000);
  settings.AddBytes({.name = "edge_queue_bytes_max",
                     .help = "unsent bytes of a stream; beyond, it reads the store later"},
                    &streams.queue_bytes_max, 4 * kKiB, 64 * kMiB);
  settings.AddBytes({.name = "edge_held_bytes_max",
                     .help = "live entries a stream holds while it reads the store"},
                    &streams.held_bytes_max, 4 * kKiB, 64 * kMiB);
  settings.AddBytes({.name = "edge_rendered_bytes_max",
                     .help = "rendered entries that a core keeps, to render each once"},
                    &streams.rendered_bytes_max, 64 * kKiB, kGiB);
  settings.AddDuration({.name = "edge_heartbeat", .help = "interval of a stream's heartbeats"},
                       &streams.heartbeat, seconds(5), seconds(60));
  settings.AddDuration(
      {.name = "edge_bookmark", .help = "how often an idle stream's cursor is moved forward"},
      &streams.bookmark, seconds(1), hours(24));
  settings.AddDuration({.name = "edge_stall_timeout",
                        .help = "time after which a stream whose peer takes no byte is closed"},
                       &streams.stall_timeout, seconds(1), minutes(10));
  settings.AddDuration({.name = "edge_close_timeout", .help = "time for a peer to take its bye"},
                       &streams.close_timeout, milliseconds(100), minutes(1));
  settings.AddDuration(
      {.name = "edge_retry", .help = "reconnection time sent to clients, jittered"}, &streams.retry,
      milliseconds(100), minutes(5));
}

void DeclareReading(Settings& settings, Config& config) {
  StreamOptions& streams = config.streams;
  settings.AddInteger(
      {.name = "edge_catch_up_calls_max", .help = "catch-up calls to the store at once, per core"},
      &streams.catch_up_calls_max, 1, 256);
  settings.AddInteger(
      {.name = "edge_catch_up_waiting_max", .help = "streams that wait to catch up, per core"},
      &streams.catch_up_waiting_max, 1, 10'000'000);
  settings.AddInteger({.name = "edge_catch_up_entries_max", .help = "entries of one page"},
                      &streams.catch_up_entries_max, 1, 10'000);
  settings.AddBytes({.name = "edge_catch_up_bytes_max", .help = "bytes of one page"},
                    &streams.catch_up_bytes_max, kKiB, 64 * kKiB);
  settings.AddInteger(
      {.name = "edge_connections_max", .help = "connections without a stream at once, per core"},
      &config.connections_max, 1, 1'000'000);
  settings.AddInteger({.name = "edge_connections_per_address_max",
                       .help = "connections without a stream of one address at once, per core"},
                      &config.connections_per_address_max, 1, 1'000'000);
  settings.AddBytes({.name = "edge_header_bytes_max", .help = "the head of one HTTP request"},
                    &config.header_bytes_max, kKiB, kMiB);
  settings.AddBytes(
      {.name = "edge_follow_queue_bytes_max", .help = "announcements that wait for the follower"},
      &config.follow_queue_bytes_max, kMiB, 4 * kGiB);
  settings.AddBytes({.name = "edge_follow_held_bytes_max",
                     .help = "announcements that wait for a hole to be filled"},
                    &config.follow_held_bytes_max, 64 * kKiB, 4 * kGiB);
  settings.AddBytes({.name = "edge_broadcast_bodies_bytes_max",
                     .help = "announced bodies of broadcasts, to which entries refer"},
                    &config.broadcast_bodies_bytes_max, 128 * kKiB, kGiB);
  settings.AddBytes(
      {.name = "edge_backlog_bytes_max", .help = "delivered entries that cores have not taken yet"},
      &config.backlog_bytes_max, kMiB, 4 * kGiB);
  settings.AddDuration(
      {.name = "edge_drain_window", .help = "time over which streams are closed after SIGTERM"},
      &config.drain_window, milliseconds(0), minutes(10));
}

void DeclareDemo(Settings& settings, Config& config) {
  settings.AddBool(
      {.name = "demo", .help = "serve the demo page, and a token for any user to anybody"},
      &config.demo);
  settings.AddString({.name = "demo_project", .help = "the project of the demo's tokens"},
                     &config.demo_project);
  settings.AddString(
      {.name = "demo_api_key_file", .help = "file with the API key the demo page publishes with"},
      &config.demo_api_key_file);
  settings.AddList({.name = "demo_hosts",
                    .help = "names in Host under which the demo answers, besides localhost"},
                   &config.demo_hosts);
  settings.AddAddress({.name = "ingest_http", .help = "where the demo page publishes"},
                      &config.ingest_http);
}

// One mistake for each list: its first element that `parse` refuses.
template <typename Parse>
void DeclareElements(Settings& settings, const char* name, const std::vector<std::string>& list,
                     Parse parse) {
  settings.AddRule([name, &list, parse]() -> std::optional<ConfigMistake> {
    for (const std::string& element : list) {
      if (const auto parsed = parse({element}); !parsed.ok()) {
        return ConfigMistake{name, element, parsed.error().message};
      }
    }
    return std::nullopt;
  });
}

void DeclareRules(Settings& settings, Config& config) {
  DeclareElements(settings, "edge_cors_origins", config.cors_origins,
                  [](std::vector<std::string> one) { return Cors::Parse(std::move(one)); });
  DeclareElements(settings, "edge_trusted_proxies", config.trusted_proxies,
                  [](const std::vector<std::string>& one) { return TrustedProxies::Parse(one); });
  RequireLoopback(settings, config.tls, "edge_http", config.http);
  RequireLoopback(settings, config.tls, "edge_admin", config.admin);
  RequireProtection(settings, config.tls, "store_grpc", config.store_grpc);
  RequireProtection(settings, config.tls, "nats_url", config.nats_url);
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (!config.demo || !config.demo_hosts.empty() || IsLoopback(config.http)) {
      return std::nullopt;
    }
    return ConfigMistake{"demo", "true",
                         "only with a loopback edge_http, or with demo_hosts, the names under "
                         "which it may be reached: it gives tokens to anybody"};
  });
}

}  // namespace

void Declare(Settings& settings, Config& config) {
  DeclareAddresses(settings, config);
  DeclareBrowsers(settings, config);
  DeclareApi(settings, config);
  DeclareStreams(settings, config);
  DeclareReading(settings, config);
  DeclareDemo(settings, config);
  DeclareProcess(settings, config.process);
  DeclareLog(settings, config.log);
  DeclareRules(settings, config);
}

}  // namespace belfry::edge
