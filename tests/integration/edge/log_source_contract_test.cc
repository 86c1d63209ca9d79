// SPDX-License-Identifier: Apache-2.0
// The store's client keeps what the port promises, over gRPC against a store on RocksDB.
#include "tests/contract/log_source_contract.h"

#include <grpcpp/channel.h>
#include <grpcpp/impl/service_type.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/server.h"
#include "services/edge/grpc/store_client.h"
#include "services/store/core/key_codec.h"
#include "services/store/grpc/store_service.h"
#include "services/store/rocks/log/rocks_store.h"
#include "tests/support/temp_dir.h"

namespace belfry::edge {
namespace {

struct NoListener final : store::CommitListener {
  void OnCommitted(std::span<const EntryPtr>) override {}
};

class GrpcSubject {
 public:
  GrpcSubject() { Open(); }

  EntryId Add(Partition partition, std::size_t body_bytes) {
    auto entry = std::make_shared<Entry>();
    entry->id = ++last_id_;
    entry->prev = std::exchange(heads_[partition].last_id, entry->id);
    entry->kind = EntryKind::kNotification;
    entry->partition = partition;
    entry->project = "acme";
    entry->user_id = "alice";
    entry->created_us = 1;
    entry->payload = std::string(body_bytes, 'x');
    store::CommitBatch batch;
    batch.Add(std::move(entry));
    batch.Move(heads_[partition]);
    EXPECT_TRUE(store_->Commit(batch).ok());
    return last_id_;
  }
  void SetFloor(Partition partition, EntryId floor) {
    heads_[partition].floor = floor;
    store::CommitBatch batch;
    batch.Move(heads_[partition]);
    EXPECT_TRUE(store_->Commit(batch).ok());
  }
  // Written down as after an accepted loss, and read at the next start.
  void Lose(Partition partition, EntryId from, EntryId to) {
    store::CommitBatch batch;
    batch.Put(store::Table::kMeta, store::LostKey(partition, from), store::EncodeNumber(to));
    EXPECT_TRUE(store_->Commit(batch).ok());
    Close();
    Open();
  }
  void SetTime(std::int64_t us) { clock_.SetUnixMicros(us); }
  void GoAway() {
    server_.reset();
    service_.reset();
  }
  LogSource& source() { return *client_; }
  void End() { client_.reset(); }
  ~GrpcSubject() { Close(); }
  GrpcSubject(const GrpcSubject&) = delete;
  GrpcSubject& operator=(const GrpcSubject&) = delete;

 private:
  void Open() {
    auto store = store::RocksStore::Open(
        {.directory = (dir_.path() / "data").string(), .partitions = 2}, clock_, {});
    ASSERT_TRUE(store.ok());
    store_ = std::move(*store);
    auto sequencer =
        store::Sequencer::Make({}, *store_, listener_, disk_, clock_, [](const Error&) {}, {}, {});
    ASSERT_TRUE(sequencer.ok());
    sequencer_ = std::move(*sequencer);
    readers_ = std::make_unique<store::ReaderPool>(2, 100, Gauge());
    service_ = store::MakeStoreService(*sequencer_, *store_, *readers_, calls_, clock_, {}, {});
    auto server =
        wire::RpcServer::Start({.address = "127.0.0.1:0", .tls = {}}, {service_.get()}, {});
    ASSERT_TRUE(server.ok());
    server_ = std::move(*server);
    auto channel = wire::MakeChannel("127.0.0.1:" + std::to_string(server_->port()), {});
    ASSERT_TRUE(channel.ok());
    client_ = std::make_unique<StoreClient>(*channel, *channel, StoreClientOptions());
  }
  void Close() {
    client_.reset();
    server_.reset();
    service_.reset();
    readers_.reset();
    sequencer_.reset();
    store_.reset();
  }

  test::TempDir dir_;
  ManualClock clock_;
  wire::HeadFirstCalls calls_{{}, clock_, [](const wire::CallHead&) { return Status(); }};
  NoListener listener_;
  store::DiskGuard disk_{0};
  std::vector<PartitionPosition> heads_ = {{0, 0, 0}, {1, 0, 0}};
  EntryId last_id_ = 1'000;
  std::unique_ptr<store::RocksStore> store_;
  std::unique_ptr<store::Sequencer> sequencer_;
  std::unique_ptr<store::ReaderPool> readers_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<wire::RpcServer> server_;
  std::unique_ptr<StoreClient> client_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Grpc, LogSourceContract, GrpcSubject);

}  // namespace
}  // namespace belfry::edge
