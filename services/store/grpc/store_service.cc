// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/store_service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/wire/codec/audience_codec.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/status.h"
#include "services/store/grpc/append_request.h"
#include "services/store/grpc/audience_request.h"
#include "services/store/grpc/log_room.h"
#include "services/store/grpc/log_stream.h"
#include "services/store/grpc/state_request.h"

namespace belfry::store {
namespace {

constexpr int kQueriesMax = 64;
// All pages of one answer together; each page still brings one entry at least.
constexpr std::uint32_t kAnswerBytesMax = 4u << 20;
constexpr std::uint32_t kPageBytesMax = 256u << 10;

Error TooManyReads() {
  Error error{Code::kResourceExhausted, "read: too many reads wait", "READERS_BUSY"};
  error.retry_after = std::chrono::milliseconds(100);
  return error;
}

// gRPC's wall-clock deadline on our steady clock.
SteadyTime ToSteady(std::chrono::system_clock::time_point deadline, SteadyTime now) {
  const auto left = deadline - std::chrono::system_clock::now();
  return left > std::chrono::hours(24) ? SteadyTime::max() : now + left;
}

// The request of the Append that `context` belongs to, to take strings out of: gRPC made it for
// this call, and nobody else reads it. gRPC passes requests as const; the holder has them as they
// are.
v1::AppendRequest& AppendRequestOf(grpc::CallbackServerContext& context) {
  using Holder = grpc::MessageHolder<v1::AppendRequest, v1::AppendResponse>;
  return *static_cast<Holder*>(context.GetRpcAllocatorState())->request();
}

class StoreServiceImpl final : public v1::StoreService::CallbackService {
 public:
  StoreServiceImpl(Sequencer& sequencer, FeedStore& store, ReaderPool& readers, const Clock& clock,
                   StoreServiceMetrics metrics, Log log)
      : sequencer_(sequencer),
        store_(store),
        readers_(readers),
        clock_(clock),
        metrics_(metrics),
        log_(std::move(log)) {}

  grpc::ServerUnaryReactor* Append(grpc::CallbackServerContext* context,
                                   const v1::AppendRequest* /*request*/,
                                   v1::AppendResponse* response) override {
    return Submit(context, CheckAppend(AppendRequestOf(*context)), response, FillAppendResponse);
  }

  grpc::ServerUnaryReactor* ReadFeed(grpc::CallbackServerContext* context,
                                     const v1::ReadFeedRequest* request,
                                     v1::ReadFeedResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (request->queries_size() == 0 || request->queries_size() > kQueriesMax) {
      Error error{Code::kInvalidArgument,
                  "read feed: " + std::to_string(request->queries_size()) + " queries"};
      error.violations.push_back({"queries", "1 to 64 queries"});
      reactor->Finish(wire::ToGrpc(error));
      return reactor;
    }
    SubmitRead(reactor, [this, context, request, response, reactor] {
      if (context->IsCancelled()) {
        reactor->Finish(grpc::Status::CANCELLED);
        return;
      }
      std::vector<AppendItem> joins;
      const Status read = ReadFeeds(*request, response, &joins);
      if (!read.ok() || joins.empty()) {
        reactor->Finish(read.ok() ? grpc::Status::OK : wire::ToGrpc(read.error()));
        return;
      }
      JoinFirst(std::move(joins), context, reactor, [this, request, response, reactor] {
        response->Clear();
        const Status again = ReadFeeds(*request, response, nullptr);
        reactor->Finish(again.ok() ? grpc::Status::OK : wire::ToGrpc(again.error()));
      });
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* ListNotifications(
      grpc::CallbackServerContext* context, const v1::StoreServiceListNotificationsRequest* request,
      v1::StoreServiceListNotificationsResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (request->limit() == 0 && FinishFromMemory(*request, response, reactor)) {
      return reactor;
    }
    SubmitRead(reactor, [this, context, request, response, reactor] {
      if (context->IsCancelled()) {
        reactor->Finish(grpc::Status::CANCELLED);
        return;
      }
      const ListQuery query = wire::FromProto(*request);
      auto page = List(query);
      if (!page.ok() || !page->unknown_user) {
        Finish(page, response, reactor);
        return;
      }
      JoinFirst({JoinItem(query.project, query.user_id)}, context, reactor,
                [this, query, response, reactor] { Finish(List(query), response, reactor); });
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* UpdateState(grpc::CallbackServerContext* context,
                                        const v1::UpdateStateRequest* request,
                                        v1::UpdateStateResponse* response) override {
    return Submit(context, CheckUpdates(*request), response, FillUpdateResponse);
  }

  grpc::ServerUnaryReactor* UpdateAudience(grpc::CallbackServerContext* context,
                                           const v1::UpdateAudienceRequest* request,
                                           v1::UpdateAudienceResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    auto item = CheckAudienceUpdate(*request);
    if (!item.ok()) {
      reactor->Finish(wire::ToGrpc(item.error()));
      return reactor;
    }
    std::vector<AppendItem> items;
    items.push_back(std::move(*item));
    AppendCall call = MakeCall(std::move(items), context);
    call.done = [reactor, response](Result<AppendResults> results) {
      const Error* const failed = !results.ok()            ? &results.error()
                                  : !results->front().ok() ? &results->front().error()
                                                           : nullptr;
      if (failed == nullptr) {
        wire::ToProto(*results->front()->audience, response);
      }
      reactor->Finish(failed == nullptr ? grpc::Status::OK : wire::ToGrpc(*failed));
    };
    sequencer_.Append(std::move(call));
    return reactor;
  }

  grpc::ServerUnaryReactor* ReadAudience(grpc::CallbackServerContext* context,
                                         const v1::ReadAudienceRequest* request,
                                         v1::ReadAudienceResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const auto query = CheckAudienceQuery(*request);
    if (!query.ok()) {
      reactor->Finish(wire::ToGrpc(query.error()));
      return reactor;
    }
    SubmitRead(reactor, [this, query = *query, context, response, reactor] {
      if (context->IsCancelled()) {
        reactor->Finish(grpc::Status::CANCELLED);
        return;
      }
      const auto page = store_.ReadAudience(query);
      if (page.ok()) {
        wire::ToProto(*page, response);
      } else if (page.error().code == Code::kDataLoss || page.error().code == Code::kUnavailable) {
        log_.Error("cannot read an audience", {{"error", page.error()}});
      }
      reactor->Finish(page.ok() ? grpc::Status::OK : wire::ToGrpc(page.error()));
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* ListRevocations(grpc::CallbackServerContext* context,
                                            const v1::ListRevocationsRequest* request,
                                            v1::ListRevocationsResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    SubmitRead(reactor, [this, context, request, response, reactor] {
      if (context->IsCancelled()) {
        reactor->Finish(grpc::Status::CANCELLED);
        return;
      }
      AudienceQuery query{.kind = AudienceQueryKind::kRevocations, .after = request->after()};
      query.limit = request->limit() == 0 ? kAudiencePageMax : request->limit();
      const auto page = store_.ReadAudience(query);
      if (!page.ok()) {
        log_.Error("cannot list revocations", {{"error", page.error()}});
        reactor->Finish(wire::ToGrpc(page.error()));
        return;
      }
      for (const Revocation& revocation : page->revocations) {
        v1::Revocation* const added = response->add_revocations();
        added->set_project(revocation.project);
        added->set_user_id(revocation.user_id);
        added->set_at_us(revocation.at_us);
      }
      response->set_next_after(page->next_after);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  grpc::ServerWriteReactor<v1::ReadLogResponse>* ReadLog(
      grpc::CallbackServerContext* context, const v1::ReadLogRequest* request) override {
    return StartLogStream(*request, *context, store_, readers_, log_room_, clock_, metrics_, log_);
  }

  grpc::ServerUnaryReactor* GetHeads(grpc::CallbackServerContext* context,
                                     const v1::GetHeadsRequest*,
                                     v1::GetHeadsResponse* response) override {
    const auto heads = store_.Heads();
    response->set_partitions(static_cast<std::uint32_t>(heads.size()));
    response->set_history_id(store_.history_id());
    response->set_now_us(clock_.UnixMicros());
    for (const PartitionHead& head : heads) {
      v1::PartitionHead* proto = response->add_heads();
      proto->set_partition(head.partition);
      proto->set_last_id(head.last_id);
      proto->set_floor(head.floor);
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  static AppendItem JoinItem(std::string project, std::string user_id) {
    StateUpdate join{.project = std::move(project), .user_id = std::move(user_id)};
    join.change.op = StateOp::kJoin;
    return UpdateItem(std::move(join));
  }

  AppendCall MakeCall(std::vector<AppendItem> items, grpc::CallbackServerContext* context) {
    AppendCall call;
    call.items = std::move(items);
    call.accepted = clock_.Now();
    call.deadline = ToSteady(context->deadline(), call.accepted);
    call.cancelled = [context] { return context->IsCancelled(); };
    return call;
  }

  // Queues the good items of a request. `fill` writes the answer to all of them into `response`.
  template <typename Response, typename Fill>
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   Result<CheckedAppend> checked, Response* response, Fill fill) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (!checked.ok()) {
      reactor->Finish(wire::ToGrpc(checked.error()));
      return reactor;
    }
    if (checked->items.empty()) {
      fill(checked->refused, {}, response);
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
    AppendCall call = MakeCall(std::move(checked->items), context);
    call.done = [reactor, response, fill,
                 refused = std::move(checked->refused)](Result<AppendResults> results) {
      if (!results.ok()) {
        reactor->Finish(wire::ToGrpc(results.error()));
        return;
      }
      fill(refused, std::move(*results), response);
      reactor->Finish(grpc::Status::OK);
    };
    sequencer_.Append(std::move(call));
    return reactor;
  }

  void SubmitRead(grpc::ServerUnaryReactor* reactor, std::function<void()> read) {
    if (!readers_.Submit(std::move(read))) {
      metrics_.reads_refused.Add();
      reactor->Finish(wire::ToGrpc(TooManyReads()));
    }
  }

  // Reads once the users have joined: what is said of a user whom nobody has heard of is only true
  // for what comes next if they are heard of now.
  void JoinFirst(std::vector<AppendItem> joins, grpc::CallbackServerContext* context,
                 grpc::ServerUnaryReactor* reactor, std::function<void()> read) {
    AppendCall call = MakeCall(std::move(joins), context);
    call.done = [this, reactor, read = std::move(read)](Result<AppendResults> results) mutable {
      const Error* failed = results.ok() ? nullptr : &results.error();
      for (std::size_t i = 0; failed == nullptr && i < results->size(); ++i) {
        failed = (*results)[i].ok() ? nullptr : &(*results)[i].error();
      }
      if (failed != nullptr) {
        reactor->Finish(wire::ToGrpc(*failed));
        return;
      }
      SubmitRead(reactor, std::move(read));
    };
    sequencer_.Append(std::move(call));
  }

  // Counts are asked for most, and what they are made of is nearly always in memory: they are
  // answered on gRPC's own thread then, without the hand-over to a reader and the wait behind
  // lists.
  bool FinishFromMemory(const v1::StoreServiceListNotificationsRequest& request,
                        v1::StoreServiceListNotificationsResponse* response,
                        grpc::ServerUnaryReactor* reactor) {
    const SteadyTime started = clock_.Now();
    const auto page = store_.ListFromMemory(wire::FromProto(request));
    if (!page.ok() || page->unknown_user) {
      return false;
    }
    metrics_.lists_read.Add();
    metrics_.list_seconds.Observe(std::chrono::duration<double>(clock_.Now() - started).count());
    Finish(page, response, reactor);
    return true;
  }

  Result<ListPage> List(const ListQuery& query) {
    const SteadyTime started = clock_.Now();
    auto page = store_.List(query);
    if (page.ok()) {
      metrics_.lists_read.Add();
    } else if (page.error().code != Code::kNotFound) {
      metrics_.lists_failed.Add();
      if (page.error().code != Code::kInvalidArgument) {
        log_.Error("cannot list notifications", {{"error", page.error()}});
      }
    }
    metrics_.list_seconds.Observe(std::chrono::duration<double>(clock_.Now() - started).count());
    return page;
  }

  static void Finish(const Result<ListPage>& page,
                     v1::StoreServiceListNotificationsResponse* response,
                     grpc::ServerUnaryReactor* reactor) {
    if (page.ok()) {
      wire::ToProto(*page, response);
    }
    reactor->Finish(page.ok() ? grpc::Status::OK : wire::ToGrpc(page.error()));
  }

  // `joins`: gets an item for each user whom nobody has heard of; may be null.
  Status ReadFeeds(const v1::ReadFeedRequest& request, v1::ReadFeedResponse* response,
                   std::vector<AppendItem>* joins) {
    const SteadyTime started = clock_.Now();
    std::uint32_t bytes_left = kAnswerBytesMax;
    for (const v1::FeedQuery& proto : request.queries()) {
      FeedQuery query = wire::FromProto(proto);
      const std::uint32_t asked = query.bytes_max == 0 ? kPageBytesMax : query.bytes_max;
      query.bytes_max = std::max<std::uint32_t>(1, std::min(asked, bytes_left));
      const auto page = store_.ReadFeed(query);
      if (!page.ok()) {
        metrics_.feeds_failed.Add();
        if (page.error().code != Code::kInvalidArgument) {
          log_.Error("cannot read a feed", {{"error", page.error()}});
        }
        return Fail(page.error());
      }
      if (page->unknown_user && joins != nullptr) {
        joins->push_back(JoinItem(query.project, query.user_id));
      }
      Count(page->fault);
      for (const Entry& entry : page->entries) {
        bytes_left -= std::min<std::uint32_t>(
            bytes_left, static_cast<std::uint32_t>(entry.payload.size()) + 100);
      }
      wire::ToProto(*page, response->add_pages());
    }
    metrics_.read_feed_seconds.Observe(
        std::chrono::duration<double>(clock_.Now() - started).count());
    return {};
  }

  void Count(CursorFault fault) {
    metrics_.feeds_read.Add();
    switch (fault) {
      case CursorFault::kNone:
        break;
      case CursorFault::kAhead:
        metrics_.fault_ahead.Add();
        break;
      case CursorFault::kWindowPassed:
        metrics_.fault_window_passed.Add();
        break;
      case CursorFault::kHistoryLost:
        metrics_.fault_history_lost.Add();
        break;
    }
  }

  Sequencer& sequencer_;
  FeedStore& store_;
  ReaderPool& readers_;
  LogRoom log_room_;
  const Clock& clock_;
  const StoreServiceMetrics metrics_;
  const Log log_;
};

}  // namespace

StoreServiceMetrics StoreServiceMetrics::Make(Metrics& metrics) {
  const auto feeds = [&metrics](const char* result) {
    return metrics.AddCounter("belfry_store_feed_reads_total", "Feeds read, by result",
                              {{"result", result}});
  };
  const auto faults = [&metrics](const char* fault) {
    return metrics.AddCounter("belfry_store_cursor_faults_total",
                              "Cursors that could not be continued from, by fault",
                              {{"fault", fault}});
  };
  const auto lists = [&metrics](const char* result) {
    return metrics.AddCounter("belfry_store_lists_total", "Lists read, by result",
                              {{"result", result}});
  };
  const auto logs = [&metrics](const char* result) {
    return metrics.AddCounter("belfry_store_log_reads_total", "Logs read, by result",
                              {{"result", result}});
  };
  return {
      .feeds_read = feeds("ok"),
      .feeds_failed = feeds("failed"),
      .fault_ahead = faults("ahead"),
      .fault_window_passed = faults("window_passed"),
      .fault_history_lost = faults("history_lost"),
      .lists_read = lists("ok"),
      .lists_failed = lists("failed"),
      .logs_read = logs("ok"),
      .logs_out_of_range = logs("out_of_range"),
      .logs_failed = logs("failed"),
      .log_entries_read = metrics.AddCounter("belfry_store_log_entries_read_total",
                                             "Entries that edges read to fill holes"),
      .reads_refused = metrics.AddCounter("belfry_store_reads_refused_total",
                                          "Reads refused because too many waited"),
      .read_feed_seconds = metrics.AddLatencyHistogram(
          "belfry_store_read_feed_seconds", "One ReadFeed call, without its wait for a reader"),
      .list_seconds = metrics.AddLatencyHistogram("belfry_store_list_seconds",
                                                  "One list, without its wait for a reader"),
  };
}

std::unique_ptr<grpc::Service> MakeStoreService(Sequencer& sequencer, FeedStore& store,
                                                ReaderPool& readers, const Clock& clock,
                                                StoreServiceMetrics metrics, Log log) {
  return std::make_unique<StoreServiceImpl>(sequencer, store, readers, clock, metrics,
                                            std::move(log));
}

}  // namespace belfry::store
