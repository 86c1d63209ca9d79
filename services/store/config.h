// SPDX-License-Identifier: Apache-2.0
// belfry-store's settings; docs/config/store.md explains each.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "libs/common/config.h"
#include "libs/common/log_settings.h"
#include "libs/common/process_settings.h"
#include "libs/common/tls_settings.h"
#include "services/store/core/project_quotas.h"

namespace belfry::store {

struct Config {
  std::string grpc = "127.0.0.1:7200";
  std::string admin = "127.0.0.1:7201";
  std::vector<std::string> admin_hosts;
  std::string data = "/var/lib/belfry/store";
  std::int64_t partitions = 16;
  bool accept_loss = false;
  std::string nats_url = "nats://127.0.0.1:4222";
  std::string nats_credentials_file;
  std::string announce_keys_file;
  TlsSettings tls;
  bool grpc_reflection = false;
  std::string internal_keys_file;

  std::chrono::milliseconds retention = std::chrono::hours(24 * 30);
  std::chrono::milliseconds key_ttl = std::chrono::hours(24);
  std::chrono::milliseconds clock_grace = std::chrono::hours(24);
  std::chrono::milliseconds compact_every = std::chrono::hours(6);
  std::uint64_t disk_reserve = 1ULL << 30;
  std::uint64_t disk_scarce = 2ULL << 30;

  std::int64_t queue_items_max = 65'536;
  std::uint64_t queue_bytes_max = 64ULL << 20;
  std::int64_t round_items_max = 4'096;
  std::uint64_t commit_bytes_max = 1ULL << 20;
  std::int64_t users_cached_max = 65'536;
  std::int64_t broadcasts_live_max = 1'000;
  std::vector<std::string> critical_kinds;
  std::vector<std::string> broadcast_lookback;
  ProjectQuotaTexts project_quotas;
  std::int64_t readers = 2;
  std::int64_t reads_waiting_max = 4'096;
  std::chrono::milliseconds stall_timeout{30'000};
  std::int64_t fruitless_max = 1'000;
  std::int64_t announce_tail_max = 65'536;
  std::chrono::milliseconds announce_window{60'000};
  std::uint64_t block_cache = 64ULL << 20;
  std::uint64_t write_buffer = 32ULL << 20;
  std::chrono::milliseconds drain_timeout{5'000};

  ProcessSettings process;
  LogSettings log;
};

// Declares every setting; `config` holds the defaults and must outlive `settings`.
void Declare(Settings& settings, Config& config);

// Load takes only a configuration with keys for announcements, and in which somebody may call the
// store. Of the service; its commands announce nothing and serve nobody. `config` must outlive
// settings.Load.
void RequireToServe(Settings& settings, const Config& config);

}  // namespace belfry::store
