// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/boundaries/rules.h"

#include <array>
#include <utility>

namespace belfry::boundaries {
namespace {

constexpr std::string_view kCommon = "libs/common/";
constexpr std::string_view kVersion = "libs/version/";
constexpr std::string_view kCodec = "libs/wire/codec/";
constexpr std::string_view kRpc = "libs/wire/rpc/";
constexpr std::string_view kNatsRoom = "libs/wire/nats/";
constexpr std::string_view kCrypto = "libs/wire/crypto/";
constexpr std::string_view kAuth = "libs/wire/auth/";
constexpr std::string_view kAnnounce = "libs/wire/announce/";
constexpr std::string_view kHttp = "libs/http/";

struct Prefix {
  std::string_view text;
  Outside outside;
};
constexpr std::array<Prefix, 24> kPrefixes = {{
    {"tl/", Outside::kExpected},
    {"spdlog/", Outside::kSpdlog},
    {"prometheus/", Outside::kPrometheus},
    {"CLI/", Outside::kCli11},
    {"boost/json", Outside::kJson},
    {"boost/asio", Outside::kAsio},
    {"boost/system/", Outside::kAsio},
    {"boost/beast", Outside::kBeast},
    {"google/protobuf/", Outside::kProtobuf},
    {"google/rpc/", Outside::kProtobuf},
    {"belfry/v1/", Outside::kProtobuf},
    {"grpc/", Outside::kGrpc},
    {"grpcpp/", Outside::kGrpc},
    {"rocksdb/", Outside::kRocksDb},
    {"nats/", Outside::kNats},
    {"nats.h", Outside::kNats},
    {"openssl/", Outside::kOpenSsl},
    {"arpa/", Outside::kSystem},
    {"linux/", Outside::kSystem},
    {"net/", Outside::kSystem},
    {"netinet/", Outside::kSystem},
    {"sys/", Outside::kSystem},
    {"bits/", Outside::kSystem},
    {"asm/", Outside::kSystem},
}};

}  // namespace

const std::vector<Room>& Rooms() {
  using enum Outside;
  static const std::vector<Room> rooms = {
      {kCommon, {}, {kSystem, kExpected, kSpdlog, kPrometheus, kCli11}},
      {"libs/common/boost_json.cc", {}, {kJson}},
      {kVersion, {}, {}},
      {kCodec, {kCommon}, {kProtobuf, kJson}},
      {kCrypto, {kCommon}, {kOpenSsl}},
      {kRpc, {kCommon, kCrypto}, {kSystem, kProtobuf, kGrpc, kOpenSsl}},
      {kNatsRoom, {kCommon}, {kNats}},
      {kAuth, {kCommon, kCrypto, kCodec}, {kJson, kOpenSsl}},
      {kAnnounce, {kCommon, kCrypto, kAuth}, {kJson}},
      {kHttp, {kCommon}, {kSystem, kAsio, kBeast}},

      // Cores decide; they see neither the world nor a library.
      {"services/store/core/", {kCommon}, {}},
      {"services/edge/core/", {kCommon}, {}},
      {"services/ingest/core/", {kCommon}, {}},

      // The store's disk, in four rooms and the check. Each sees those before it.
      {"services/store/rocks/engine/",
       {kCommon, kCodec, "services/store/core/"},
       {kSystem, kRocksDb}},
      {"services/store/rocks/recovery/",
       {kCommon, kCodec, "services/store/core/", "services/store/rocks/engine/"},
       {kSystem, kRocksDb}},
      {"services/store/rocks/backups/",
       {kCommon, "services/store/core/", "services/store/rocks/engine/",
        "services/store/rocks/recovery/"},
       {kSystem, kRocksDb}},
      {"services/store/rocks/log/",
       {kCommon, kCodec, "services/store/core/", "services/store/rocks/engine/",
        "services/store/rocks/recovery/", "services/store/rocks/backups/"},
       {kRocksDb}},
      {"services/store/rocks/check/",
       {kCommon, kCodec, "services/store/core/", "services/store/rocks/engine/",
        "services/store/rocks/recovery/"},
       {kSystem, kRocksDb}},
      // Threads that drive the core.
      {"services/store/run/", {kCommon, "services/store/core/"}, {kSystem}},
      {"services/store/nats/", {kCommon, kCodec, kAnnounce, kNatsRoom, "services/store/core/"}, {}},
      {"services/store/grpc/",
       {kCommon, kCodec, kAuth, kRpc, "services/store/core/"},
       {kProtobuf, kGrpc}},

      {"services/edge/http/", {kCommon, kHttp, kAuth, "services/edge/core/"}, {kSystem, kAsio}},
      {"services/edge/grpc/", {kCommon, kCodec, kRpc, "services/edge/core/"}, {kGrpc}},
      {"services/edge/follow/", {kCommon, kCodec, kAnnounce, "services/edge/core/"}, {}},
      {"services/edge/nats/", {kCommon, kCodec, kNatsRoom, "services/edge/core/"}, {}},
      {"services/edge/api/",
       {kCommon, kCodec, kAuth, "services/edge/core/", "services/edge/http/"},
       {}},
      {"services/edge/demo/", {kCommon, kCodec, kAuth, kHttp, "services/edge/http/"}, {kJson}},
      {"services/edge/web/", {kCommon, kHttp, "services/edge/http/"}, {}},

      {"services/ingest/publish/", {kCommon, kCrypto, kAuth, "services/ingest/core/"}, {kProtobuf}},
      {"services/ingest/audit/", {kCommon, "services/ingest/publish/"}, {kSystem}},
      {"services/ingest/rest/",
       {kCommon, kCodec, kHttp, "services/ingest/core/", "services/ingest/publish/"},
       {kAsio, kProtobuf, kJson}},
      {"services/ingest/grpc/",
       {kCommon, kCodec, kRpc, "services/ingest/core/", "services/ingest/publish/"},
       {kProtobuf, kGrpc}},

      // Where a service's rooms meet: app, config, main. Beside the store's, its commands.
      {"services/store/",
       {kCommon, kVersion, kRpc, kAnnounce, kHttp, "services/store/core/",
        "services/store/rocks/log/", "services/store/run/", "services/store/nats/",
        "services/store/grpc/", "services/store/commands/"},
       {kGrpc}},
      {"services/store/commands/",
       {kCommon, kVersion, "services/store/", "services/store/core/", "services/store/grpc/",
        "services/store/rocks/engine/", "services/store/rocks/recovery/",
        "services/store/rocks/backups/", "services/store/rocks/log/",
        "services/store/rocks/check/"},
       {kSystem, kCli11}},
      {"services/edge/",
       {kCommon, kVersion, kCodec, kRpc, kAuth, kAnnounce, kHttp, "services/edge/core/",
        "services/edge/follow/", "services/edge/http/", "services/edge/grpc/",
        "services/edge/nats/", "services/edge/demo/", "services/edge/api/", "services/edge/web/"},
       {kSystem}},
      {"services/ingest/",
       {kCommon, kVersion, kRpc, kHttp, "services/ingest/core/", "services/ingest/publish/",
        "services/ingest/audit/", "services/ingest/rest/", "services/ingest/grpc/"},
       {kProtobuf}},

      {"clients/cli/",
       {kCommon, kVersion, kCodec, kRpc, kAuth, kAnnounce, kHttp},
       {kSystem, kCli11, kJson, kProtobuf, kGrpc}},
  };
  return rooms;
}

std::string_view NameOf(Outside outside) {
  switch (outside) {
    case Outside::kStandard:
      return "the standard library";
    case Outside::kSystem:
      return "POSIX";
    case Outside::kExpected:
      return "tl::expected";
    case Outside::kSpdlog:
      return "spdlog";
    case Outside::kPrometheus:
      return "prometheus-cpp";
    case Outside::kCli11:
      return "CLI11";
    case Outside::kJson:
      return "Boost.JSON";
    case Outside::kAsio:
      return "Boost.Asio";
    case Outside::kBeast:
      return "Beast";
    case Outside::kProtobuf:
      return "protobuf";
    case Outside::kGrpc:
      return "gRPC";
    case Outside::kRocksDb:
      return "RocksDB";
    case Outside::kNats:
      return "NATS";
    case Outside::kOpenSsl:
      return "OpenSSL";
  }
  return "";
}

const Room* RoomOf(std::string_view file) {
  const Room* longest = nullptr;
  for (const Room& room : Rooms()) {
    if (file.starts_with(room.path) &&
        (longest == nullptr || room.path.size() > longest->path.size())) {
      longest = &room;
    }
  }
  return longest;
}

std::optional<Outside> OutsideOf(std::string_view header) {
  if (header.ends_with(".grpc.pb.h")) {
    return Outside::kGrpc;
  }
  for (const Prefix& prefix : kPrefixes) {
    if (header.starts_with(prefix.text)) {
      return prefix.outside;
    }
  }
  if (header.find('/') != std::string_view::npos) {
    return std::nullopt;
  }
  return header.ends_with(".h") ? Outside::kSystem : Outside::kStandard;
}

}  // namespace belfry::boundaries
