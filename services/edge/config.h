// SPDX-License-Identifier: Apache-2.0
// belfry-edge's settings; docs/config/edge.md explains each.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/common/config.h"
#include "libs/common/log_settings.h"
#include "libs/common/process_settings.h"
#include "libs/common/tls_settings.h"
#include "services/edge/core/options.h"

namespace belfry::edge {

struct Config {
  std::string http = "127.0.0.1:8080";
  std::string admin = "127.0.0.1:8090";
  std::vector<std::string> admin_hosts;
  std::string store_grpc = "127.0.0.1:7200";
  std::string nats_url = "nats://127.0.0.1:4222";
  std::string nats_credentials_file;
  std::string announce_keys_file;
  TlsSettings tls;
  std::string internal_key_file;

  std::string jwt_keys_file;
  std::string jwt_issuer;
  std::string jwt_audience = "belfry";
  std::chrono::milliseconds token_leeway{5'000};
  std::chrono::milliseconds token_lifetime_max = std::chrono::hours(30 * 24);
  std::chrono::milliseconds ticket_stream_max = std::chrono::hours(1);
  std::int64_t revocations_max = 1'000'000;
  std::vector<std::string> cors_origins;
  std::vector<std::string> trusted_proxies;

  std::int64_t api_per_second = 20;
  std::int64_t api_burst = 100;
  std::int64_t api_calls_max = 1'024;

  std::int64_t cores = 0;
  StreamOptions streams;
  std::int64_t connections_max = 4'096;
  std::int64_t connections_per_address_max = 1'024;
  std::uint64_t header_bytes_max = 16u << 10;
  std::uint64_t follow_queue_bytes_max = 32u << 20;
  std::uint64_t follow_held_bytes_max = 32u << 20;
  std::uint64_t broadcast_bodies_bytes_max = 8u << 20;
  std::uint64_t backlog_bytes_max = 64u << 20;
  std::chrono::milliseconds drain_window{20'000};

  bool demo = false;
  std::string demo_project = "demo";
  std::string demo_api_key_file;
  std::vector<std::string> demo_hosts;
  std::string ingest_http = "127.0.0.1:7180";

  ProcessSettings process;
  LogSettings log;
};

// Declares every setting; `config` holds the defaults and must outlive `settings`.
void Declare(Settings& settings, Config& config);

}  // namespace belfry::edge
