// SPDX-License-Identifier: Apache-2.0
#include "services/store/config.h"

#include <optional>
#include <string>

#include "libs/common/entry.h"
#include "services/store/core/broadcast_lookback.h"

namespace belfry::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kGiB = 1024 * kMiB;

void DeclareAddresses(Settings& settings, Config& config) {
  settings.AddAddress({.name = "store_grpc", .help = "where ingest and edges call"}, &config.grpc);
  settings.AddAddress({.name = "store_admin", .help = "/livez, /readyz and /metrics"},
                      &config.admin);
  settings.AddList({.name = "admin_hosts",
                    .help = "names in Host under which the admin port answers, besides localhost"},
                   &config.admin_hosts);
  settings.AddString({.name = "nats_url",
                      .help = "where commits are announced; may be absent or down",
                      .required = true},
                     &config.nats_url);
  settings.AddString(
      {.name = "nats_credentials_file",
       .help = "file with one line \"user:password\" for NATS, instead of those in nats_url"},
      &config.nats_credentials_file);
  settings.AddString({.name = "announce_keys_file",
                      .help = "keys that sign announcements, the first of them (JSON); made by "
                              "\"belfry announce-keys new\""},
                     &config.announce_keys_file);
  DeclareTls(settings, config.tls, "plain gRPC, NATS and HTTP");
  settings.AddBool(
      {.name = "grpc_reflection", .help = "describe the gRPC services to whoever can connect"},
      &config.grpc_reflection);
  settings.AddString(
      {.name = "internal_keys_file", .help = "who may call the store (JSON); read again on SIGHUP"},
      &config.internal_keys_file);
}

void DeclareData(Settings& settings, Config& config) {
  settings.AddString(
      {.name = "store_data", .help = "the data directory; made if absent", .required = true},
      &config.data);
  settings.AddInteger({.name = "store_partitions",
                       .help = "partitions of a new data directory; fixed once it is made"},
                      &config.partitions, 1, kPartitionsMax);
  settings.AddBool(
      {.name = "store_accept_loss",
       .help = "start although the log's tail is damaged or gone; cursors in it get reset"},
      &config.accept_loss);
  settings.AddDuration({.name = "store_retention", .help = "how long entries are kept"},
                       &config.retention, seconds(1), hours(24 * 3650));
  settings.AddDuration({.name = "store_key_ttl", .help = "how long idempotency keys are kept"},
                       &config.key_ttl, seconds(1), hours(24 * 30));
  settings.AddDuration({.name = "store_clock_grace",
                        .help = "how long a jump of the wall clock must last to be accepted"},
                       &config.clock_grace, seconds(0), hours(24 * 30));
  settings.AddDuration(
      {.name = "store_compact_every", .help = "how often the space of retired entries is freed"},
      &config.compact_every, seconds(1), hours(24 * 30));
  settings.AddList({.name = "store_critical_kinds",
                    .help = "kinds that nobody can mute: prefixes, or PROJECT/PREFIX"},
                   &config.critical_kinds);
  settings.AddList(
      {.name = "store_broadcast_lookback",
       .help = "how far back a new user's list has broadcasts, as read: a duration, or "
               "PROJECT/DURATION"},
      &config.broadcast_lookback);
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (ReadBroadcastLookback(config.broadcast_lookback)) {
      return std::nullopt;
    }
    std::string value;
    for (const std::string& text : config.broadcast_lookback) {
      value += (value.empty() ? "" : ",") + text;
    }
    return ConfigMistake{"store_broadcast_lookback", value, "durations as 7d, or PROJECT/DURATION"};
  });
  settings.AddBytes({.name = "store_disk_reserve",
                     .help = "free space below which publishes are refused; 0 = never"},
                    &config.disk_reserve, 0, 1024 * kGiB);
  settings.AddBytes({.name = "store_disk_scarce",
                     .help = "free space below which projects that have stored more than an equal "
                             "share are refused; 0 = never"},
                    &config.disk_scarce, 0, 1024 * kGiB);
  settings.AddBytes({.name = "store_block_cache", .help = "RocksDB's cache of blocks"},
                    &config.block_cache, kMiB, 1024 * kGiB);
  settings.AddBytes({.name = "store_write_buffer", .help = "RocksDB's larger write buffers, each"},
                    &config.write_buffer, kMiB, kGiB);
}

// A value for all projects, or PROJECT/VALUE.
void AddByProject(Settings& settings, SettingInfo info, std::vector<std::string>* texts,
                  bool (*good)(const std::vector<std::string>&), std::string allowed) {
  settings.AddList(info, texts);
  settings.AddRule([=, name = std::string(info.name)]() -> std::optional<ConfigMistake> {
    if (good(*texts)) {
      return std::nullopt;
    }
    std::string value;
    for (const std::string& text : *texts) {
      value += (value.empty() ? "" : ",") + text;
    }
    return ConfigMistake{name, value, allowed};
  });
}

void DeclareQuotas(Settings& settings, Config& config) {
  ProjectQuotaTexts& quotas = config.project_quotas;
  AddByProject(settings,
               {.name = "store_project_entries_max",
                .help = "entries that a project may have stored; a number, or PROJECT/NUMBER"},
               &quotas.entries_max, AreProjectNumbers, "numbers as 1000000, or PROJECT/NUMBER");
  AddByProject(
      settings,
      {.name = "store_project_bytes_max", .help = "what these may take; a size, or PROJECT/SIZE"},
      &quotas.bytes_max, AreProjectBytes, "sizes as 10GiB, or PROJECT/SIZE");
  AddByProject(settings,
               {.name = "store_project_entries_rate",
                .help = "entries per second that a project may publish; a number, or "
                        "PROJECT/NUMBER"},
               &quotas.entries_per_second, AreProjectNumbers, "numbers as 1000, or PROJECT/NUMBER");
  AddByProject(settings,
               {.name = "store_project_bytes_rate",
                .help = "bytes per second, as they are stored; a size, or PROJECT/SIZE"},
               &quotas.bytes_per_second, AreProjectBytes, "sizes as 1MiB, or PROJECT/SIZE");
}

void DeclareLimits(Settings& settings, Config& config) {
  settings.AddInteger({.name = "store_queue_items_max", .help = "items that wait for a commit"},
                      &config.queue_items_max, 1, 10'000'000);
  settings.AddBytes({.name = "store_queue_bytes_max", .help = "the same in bytes"},
                    &config.queue_bytes_max, kMiB, 16 * kGiB);
  settings.AddInteger({.name = "store_round_items_max", .help = "items taken at once"},
                      &config.round_items_max, 1, 100'000);
  settings.AddBytes({.name = "store_commit_bytes_max", .help = "encoded bytes of one commit"},
                    &config.commit_bytes_max, 64 * kKiB, 16 * kMiB);
  settings.AddInteger({.name = "store_users_cached_max", .help = "users' records held in memory"},
                      &config.users_cached_max, 1, 100'000'000);
  settings.AddInteger({.name = "store_broadcasts_live_max",
                       .help = "broadcasts of a project that count; each count walks over them"},
                      &config.broadcasts_live_max, 1, 100'000);
  settings.AddInteger({.name = "store_readers", .help = "threads that read feeds and logs"},
                      &config.readers, 1, 256);
  settings.AddInteger({.name = "store_reads_waiting_max", .help = "reads that wait for a thread"},
                      &config.reads_waiting_max, 1, 1'000'000);
  settings.AddDuration({.name = "store_stall_timeout",
                        .help = "how long a gRPC call waits for its caller to send or take"},
                       &config.stall_timeout, milliseconds(100), minutes(10));
  settings.AddInteger({.name = "store_fruitless_calls_max",
                       .help = "gRPC calls of a connection that may come to nothing in 10 s"},
                      &config.fruitless_max, 1, 1'000'000);
  settings.AddInteger(
      {.name = "store_announce_tail_max", .help = "committed entries in memory that wait for NATS"},
      &config.announce_tail_max, 1, 10'000'000);
  settings.AddDuration({.name = "store_announce_window",
                        .help = "how late an entry is still announced after an outage of NATS"},
                       &config.announce_window, seconds(1), hours(1));
  settings.AddDuration(
      {.name = "store_drain_timeout", .help = "how long running calls may take after SIGTERM"},
      &config.drain_timeout, milliseconds(0), minutes(10));
}

void DeclareRules(Settings& settings, Config& config) {
  RequireProtection(settings, config.tls, "store_grpc", config.grpc);
  RequireLoopback(settings, config.tls, "store_admin", config.admin);
  RequireProtection(settings, config.tls, "nats_url", config.nats_url);
}

}  // namespace

void Declare(Settings& settings, Config& config) {
  DeclareAddresses(settings, config);
  DeclareData(settings, config);
  DeclareQuotas(settings, config);
  DeclareLimits(settings, config);
  DeclareProcess(settings, config.process);
  DeclareLog(settings, config.log);
  DeclareRules(settings, config);
}

void RequireToServe(Settings& settings, const Config& config) {
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (!config.announce_keys_file.empty()) {
      return std::nullopt;
    }
    return ConfigMistake{"announce_keys_file", "",
                         "a file of keys that sign announcements (belfry announce-keys new makes "
                         "it)"};
  });
  settings.AddRule([&config]() -> std::optional<ConfigMistake> {
    if (!config.internal_keys_file.empty() || !config.tls.ca.empty()) {
      return std::nullopt;
    }
    return ConfigMistake{"internal_keys_file", "",
                         "a file of internal keys (belfry internal-keys new makes it), or tls_ca, "
                         "tls_cert and tls_key"};
  });
}

}  // namespace belfry::store
