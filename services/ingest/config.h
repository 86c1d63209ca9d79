// SPDX-License-Identifier: Apache-2.0
// belfry-ingest's settings; docs/config/ingest.md explains each.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "libs/common/config.h"
#include "libs/common/log_settings.h"
#include "libs/common/process_settings.h"
#include "libs/common/tls_settings.h"

namespace belfry::ingest {

struct Config {
  std::string grpc = "127.0.0.1:7100";
  std::string http = "127.0.0.1:7180";
  std::string admin = "127.0.0.1:7101";
  std::vector<std::string> admin_hosts;
  std::string store_grpc = "127.0.0.1:7200";
  std::string api_keys_file;
  TlsSettings tls;
  bool grpc_reflection = false;
  std::string client_ca;
  std::string internal_key_file;

  std::int64_t rate_per_key = 50'000;
  std::int64_t burst_per_key = 50'000;
  std::uint64_t byte_rate_per_key = 64ULL << 20;
  std::string audit_log;
  std::int64_t in_flight_items_max = 50'000;
  std::uint64_t in_flight_bytes_max = 64ULL * 1024 * 1024;
  std::int64_t append_items_max = 1000;
  std::uint64_t append_bytes_max = 1024ULL * 1024;
  std::int64_t appends_max = 2;
  std::uint64_t grpc_memory_max = 48ULL * 1024 * 1024;
  std::chrono::milliseconds connection_idle_max{300'000};
  std::chrono::milliseconds connection_age_max{3'600'000};
  std::chrono::milliseconds stall_timeout{30'000};
  std::int64_t fruitless_max = 1'000;
  std::int64_t streams_max = 1024;
  std::int64_t stream_unacknowledged_max = 4096;
  std::uint64_t body_bytes_max = 4ULL * 1024 * 1024;
  std::uint64_t bodies_bytes_max = 64ULL * 1024 * 1024;
  std::int64_t http_connections_max = 4096;
  std::uint64_t header_bytes_max = 16u << 10;
  std::chrono::milliseconds deadline_default{10'000};
  std::chrono::milliseconds deadline_max{60'000};
  std::chrono::milliseconds drain_timeout{15'000};

  ProcessSettings process;
  LogSettings log;
};

// Declares every setting; `config` holds the defaults and must outlive `settings`.
void Declare(Settings& settings, Config& config);

}  // namespace belfry::ingest
