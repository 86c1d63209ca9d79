// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/config.h"

#include <optional>

namespace belfry::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1024 * 1024;

void DeclareAddresses(Settings& settings, Config& config) {
  settings.AddAddress({.name = "ingest_grpc", .help = "where producers call over gRPC"},
                      &config.grpc);
  settings.AddAddress({.name = "ingest_http", .help = "where producers call over REST"},
                      &config.http);
  settings.AddAddress({.name = "ingest_admin", .help = "/livez, /readyz and /metrics"},
                      &config.admin);
  settings.AddList({.name = "admin_hosts",
                    .help = "names in Host under which the admin port answers, besides localhost"},
                   &config.admin_hosts);
  settings.AddAddress({.name = "store_grpc", .help = "where the store is"}, &config.store_grpc);
  settings.AddString({.name = "api_keys_file",
                      .help = "producers' API keys (JSON); read again on SIGHUP",
                      .required = true},
                     &config.api_keys_file);
  DeclareTls(settings, config.tls, "plain gRPC and HTTP");
  settings.AddBool(
      {.name = "grpc_reflection", .help = "describe the gRPC services to whoever can connect"},
      &config.grpc_reflection);
  settings.AddString({.name = "ingest_client_ca",
                      .help = "PEM of the CA that producers are signed by, if it is another one"},
                     &config.client_ca);
  settings.AddString(
      {.name = "ingest_audit_log",
       .help = "where a line is written for each publish and change: a file, or \"stderr\""},
      &config.audit_log);
  DeclareCallerKey(settings, config.tls, config.internal_key_file);
}

void DeclareLimits(Settings& settings, Config& config) {
  settings.AddInteger(
      {.name = "ingest_rate_per_key", .help = "notifications per second and API key; 0 = no limit"},
      &config.rate_per_key, 0, 1'000'000);
  settings.AddInteger({.name = "ingest_burst_per_key",
                       .help = "notifications that a key may send at once after a quiet time"},
                      &config.burst_per_key, 1, 10'000'000);
  settings.AddBytes({.name = "ingest_byte_rate_per_key",
                     .help = "bytes of notifications per second and API key; 0 = no limit"},
                    &config.byte_rate_per_key, 0, 1024 * kMiB);
  settings.AddInteger({.name = "ingest_in_flight_items_max",
                       .help = "notifications accepted and not yet answered, process-wide"},
                      &config.in_flight_items_max, 1, 10'000'000);
  settings.AddBytes({.name = "ingest_in_flight_bytes_max", .help = "the same in bytes"},
                    &config.in_flight_bytes_max, kMiB, 16'384 * kMiB);
  settings.AddInteger({.name = "ingest_append_items_max", .help = "notifications in one Append"},
                      &config.append_items_max, 1, 1000);
  settings.AddBytes({.name = "ingest_append_bytes_max", .help = "bytes in one Append"},
                    &config.append_bytes_max, 64 * 1024, 4 * kMiB);
  settings.AddInteger({.name = "ingest_appends_max", .help = "Appends in flight"},
                      &config.appends_max, 1, 256);
  settings.AddBytes({.name = "ingest_grpc_memory_max", .help = "what gRPC holds of its callers"},
                    &config.grpc_memory_max, 16 * kMiB, 16'384 * kMiB);
  settings.AddDuration({.name = "ingest_connection_idle_max",
                        .help = "how long a gRPC connection may be without a call"},
                       &config.connection_idle_max, seconds(1), minutes(24 * 60));
  settings.AddDuration(
      {.name = "ingest_connection_age_max", .help = "how old gRPC connections and streams get"},
      &config.connection_age_max, seconds(1), minutes(7 * 24 * 60));
  settings.AddDuration({.name = "ingest_stall_timeout",
                        .help = "how long a gRPC call waits for its caller to send or take"},
                       &config.stall_timeout, milliseconds(100), minutes(10));
  settings.AddInteger({.name = "ingest_fruitless_calls_max",
                       .help = "gRPC calls of a connection that may come to nothing in 10 s"},
                      &config.fruitless_max, 1, 1'000'000);
  settings.AddInteger({.name = "ingest_streams_max", .help = "NotifyStream calls at once"},
                      &config.streams_max, 1, 100'000);
  settings.AddInteger({.name = "ingest_stream_unacknowledged_max",
                       .help = "requests of one stream that are read ahead of their answers"},
                      &config.stream_unacknowledged_max, 1, 100'000);
  settings.AddBytes({.name = "ingest_body_bytes_max", .help = "a request over REST or gRPC"},
                    &config.body_bytes_max, 64 * 1024, 64 * kMiB);
  settings.AddBytes({.name = "ingest_bodies_bytes_max", .help = "all REST bodies being read"},
                    &config.bodies_bytes_max, kMiB, 16'384 * kMiB);
  settings.AddInteger({.name = "ingest_http_connections_max", .help = "REST connections at once"},
                      &config.http_connections_max, 1, 100'000);
  settings.AddBytes({.name = "ingest_header_bytes_max", .help = "the head of one REST request"},
                    &config.header_bytes_max, 1024, kMiB);
  settings.AddDuration(
      {.name = "ingest_deadline_default", .help = "how long a call without a deadline may take"},
      &config.deadline_default, milliseconds(100), minutes(10));
  settings.AddDuration(
      {.name = "ingest_deadline_max", .help = "how long any call may wait for the store"},
      &config.deadline_max, milliseconds(100), minutes(10));
  settings.AddDuration(
      {.name = "ingest_drain_timeout", .help = "how long running calls may take after SIGTERM"},
      &config.drain_timeout, milliseconds(0), minutes(10));
}

void DeclareRules(Settings& settings, Config& config) {
  RequireProtection(settings, config.tls, "ingest_grpc", config.grpc);
  RequireLoopback(settings, config.tls, "ingest_http", config.http);
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (config.client_ca.empty() || !config.tls.ca.empty()) {
      return std::nullopt;
    }
    return ConfigMistake{"ingest_client_ca", config.client_ca,
                         "only with tls_ca, tls_cert and tls_key"};
  });
  RequireLoopback(settings, config.tls, "ingest_admin", config.admin);
  RequireProtection(settings, config.tls, "store_grpc", config.store_grpc);
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (config.deadline_default <= config.deadline_max) {
      return std::nullopt;
    }
    return ConfigMistake{"ingest_deadline_default",
                         std::to_string(config.deadline_default.count()) + "ms",
                         "at most ingest_deadline_max"};
  });
}

}  // namespace

void Declare(Settings& settings, Config& config) {
  DeclareAddresses(settings, config);
  DeclareLimits(settings, config);
  DeclareProcess(settings, config.process);
  DeclareLog(settings, config.log);
  DeclareRules(settings, config);
}

}  // namespace belfry::ingest
