// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/store_service.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/wire/codec/audience_codec.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/call_stream.h"
#include "libs/wire/rpc/head_first.h"
#include "libs/wire/rpc/typed_call.h"
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

template <typename Request, typename Response>
using Call = wire::TypedCall<Request, Response>;
using AppendCall = Call<v1::AppendRequest, v1::AppendResponse>;
using UpdateStateCall = Call<v1::UpdateStateRequest, v1::UpdateStateResponse>;
using FeedCall = Call<v1::ReadFeedRequest, v1::ReadFeedResponse>;
using ListCall =
    Call<v1::StoreServiceListNotificationsRequest, v1::StoreServiceListNotificationsResponse>;
using UpdateAudienceCall = Call<v1::UpdateAudienceRequest, v1::UpdateAudienceResponse>;
using ReadAudienceCall = Call<v1::ReadAudienceRequest, v1::ReadAudienceResponse>;
using RevocationsCall = Call<v1::ListRevocationsRequest, v1::ListRevocationsResponse>;
using HeadsCall = Call<v1::GetHeadsRequest, v1::GetHeadsResponse>;

Error Cancelled() { return {Code::kCancelled, "the caller went away"}; }

class StoreServiceImpl final : public wire::HeadFirstService {
 public:
  StoreServiceImpl(Sequencer& sequencer, FeedStore& store, ReaderPool& readers,
                   wire::HeadFirstCalls& calls, const Clock& clock, StoreServiceMetrics metrics,
                   Log log)
      : HeadFirstService(v1::StoreService::service_full_name()),
        sequencer_(sequencer),
        store_(store),
        readers_(readers),
        clock_(clock),
        metrics_(metrics),
        log_(std::move(log)) {
    const auto add = [this, &calls]<typename Typed>(const char* name,
                                                    void (StoreServiceImpl::*handle)(Typed&)) {
      wire::AddServed(
          this, &streamed_, name, calls,
          wire::MethodOf<Typed>([this, handle](Typed& call) { (this->*handle)(call); }));
    };
    add("Append", &StoreServiceImpl::Append);
    add("UpdateState", &StoreServiceImpl::UpdateState);
    add("ReadFeed", &StoreServiceImpl::ReadFeed);
    add("ListNotifications", &StoreServiceImpl::ListNotifications);
    add("UpdateAudience", &StoreServiceImpl::UpdateAudience);
    add("ReadAudience", &StoreServiceImpl::ReadAudience);
    add("ListRevocations", &StoreServiceImpl::ListRevocations);
    add("GetHeads", &StoreServiceImpl::GetHeads);
    Add("ReadLog", [this, &calls](const wire::CallHead& head) {
      return StartLogStream(head, calls, store_, readers_, log_room_, clock_, metrics_, log_);
    });
    wire::AddCallStreams(this, "Calls", calls, streamed_);
  }

 private:
  void Append(AppendCall& call) { Submit(call, CheckAppend(call.request()), FillAppendResponse); }

  void UpdateState(UpdateStateCall& call) {
    Submit(call, CheckUpdates(call.request()), FillUpdateResponse);
  }

  void ReadFeed(FeedCall& call) {
    const int queries = call.request().queries_size();
    if (queries == 0 || queries > kQueriesMax) {
      Error error{Code::kInvalidArgument, "read feed: " + std::to_string(queries) + " queries"};
      error.violations.push_back({"queries", "1 to 64 queries"});
      return call.Refuse(error);
    }
    SubmitRead(call, [this, &call] {
      if (call.IsCancelled()) {
        return call.Refuse(Cancelled());
      }
      std::vector<AppendItem> joins;
      const Status read = ReadFeeds(call.request(), &call.response(), &joins);
      if (!read.ok() || joins.empty()) {
        return call.End(read);
      }
      JoinFirst(std::move(joins), call, [this, &call] {
        call.response().Clear();
        call.End(ReadFeeds(call.request(), &call.response(), nullptr));
      });
    });
  }

  void ListNotifications(ListCall& call) {
    if (call.request().limit() == 0 && EndFromMemory(call)) {
      return;
    }
    SubmitRead(call, [this, &call] {
      if (call.IsCancelled()) {
        return call.Refuse(Cancelled());
      }
      const ListQuery query = wire::FromProto(call.request());
      const auto page = List(query);
      if (!page.ok() || !page->unknown_user) {
        return End(page, call);
      }
      JoinFirst({JoinItem(query.project, query.user_id)}, call,
                [this, query, &call] { End(List(query), call); });
    });
  }

  void UpdateAudience(UpdateAudienceCall& call) {
    auto item = CheckAudienceUpdate(call.request());
    if (!item.ok()) {
      return call.Refuse(item.error());
    }
    std::vector<AppendItem> items;
    items.push_back(std::move(*item));
    PendingAppend append = MakeAppend(std::move(items), call);
    append.done = [&call](Result<AppendResults> results) {
      if (!results.ok() || !results->front().ok()) {
        return call.Refuse(results.ok() ? results->front().error() : results.error());
      }
      wire::ToProto(*results->front()->audience, &call.response());
      call.End({});
    };
    sequencer_.Append(std::move(append));
  }

  void ReadAudience(ReadAudienceCall& call) {
    const auto query = CheckAudienceQuery(call.request());
    if (!query.ok()) {
      return call.Refuse(query.error());
    }
    SubmitRead(call, [this, query = *query, &call] {
      if (call.IsCancelled()) {
        return call.Refuse(Cancelled());
      }
      const auto page = store_.ReadAudience(query);
      if (page.ok()) {
        wire::ToProto(*page, &call.response());
        return call.End({});
      }
      if (page.error().code == Code::kDataLoss || page.error().code == Code::kUnavailable) {
        log_.Error("cannot read an audience", {{"error", page.error()}});
      }
      call.Refuse(page.error());
    });
  }

  void ListRevocations(RevocationsCall& call) {
    SubmitRead(call, [this, &call] {
      if (call.IsCancelled()) {
        return call.Refuse(Cancelled());
      }
      const v1::ListRevocationsRequest& request = call.request();
      AudienceQuery query{.kind = AudienceQueryKind::kRevocations, .after = request.after()};
      query.limit = request.limit() == 0 ? kAudiencePageMax : request.limit();
      const auto page = store_.ReadAudience(query);
      if (!page.ok()) {
        log_.Error("cannot list revocations", {{"error", page.error()}});
        return call.Refuse(page.error());
      }
      for (const Revocation& revocation : page->revocations) {
        v1::Revocation* const added = call.response().add_revocations();
        added->set_project(revocation.project);
        added->set_user_id(revocation.user_id);
        added->set_at_us(revocation.at_us);
      }
      call.response().set_next_after(page->next_after);
      call.End({});
    });
  }

  void GetHeads(HeadsCall& call) {
    const auto heads = store_.Heads();
    v1::GetHeadsResponse& response = call.response();
    response.set_partitions(static_cast<std::uint32_t>(heads.size()));
    response.set_history_id(store_.history_id());
    response.set_now_us(clock_.UnixMicros());
    for (const PartitionPosition& head : heads) {
      v1::PartitionHead* proto = response.add_heads();
      proto->set_partition(head.partition);
      proto->set_last_id(head.last_id);
      proto->set_floor(head.floor);
    }
    call.End({});
  }

  static AppendItem JoinItem(std::string project, std::string user_id) {
    StateUpdate join{.project = std::move(project), .user_id = std::move(user_id)};
    join.change.op = StateOp::kJoin;
    return UpdateItem(std::move(join));
  }

  PendingAppend MakeAppend(std::vector<AppendItem> items, const wire::ServedCall& call) {
    PendingAppend append;
    append.items = std::move(items);
    append.accepted = clock_.Now();
    append.deadline = ToSteady(call.deadline(), append.accepted);
    append.cancelled = [&call] { return call.IsCancelled(); };
    return append;
  }

  // Queues the good items of a request. `fill` writes the answer to all of them.
  template <typename Typed, typename Fill>
  void Submit(Typed& call, Result<CheckedAppend> checked, Fill fill) {
    if (!checked.ok()) {
      return call.Refuse(checked.error());
    }
    if (checked->items.empty()) {
      fill(checked->refused, {}, &call.response());
      return call.End({});
    }
    PendingAppend append = MakeAppend(std::move(checked->items), call);
    append.done = [&call, fill,
                   refused = std::move(checked->refused)](Result<AppendResults> results) {
      if (!results.ok()) {
        return call.Refuse(results.error());
      }
      fill(refused, std::move(*results), &call.response());
      call.End({});
    };
    sequencer_.Append(std::move(append));
  }

  void SubmitRead(wire::ServedCall& call, std::function<void()> read) {
    if (!readers_.Submit(std::move(read))) {
      metrics_.reads_refused.Add();
      call.Refuse(TooManyReads());
    }
  }

  // Reads once the users have joined: what is said of a user whom nobody has heard of is only true
  // for what comes next if they are heard of now.
  void JoinFirst(std::vector<AppendItem> joins, wire::ServedCall& call,
                 std::function<void()> read) {
    PendingAppend append = MakeAppend(std::move(joins), call);
    append.done = [this, &call, read = std::move(read)](Result<AppendResults> results) mutable {
      const Error* failed = results.ok() ? nullptr : &results.error();
      for (std::size_t i = 0; failed == nullptr && i < results->size(); ++i) {
        failed = (*results)[i].ok() ? nullptr : &(*results)[i].error();
      }
      if (failed != nullptr) {
        return call.Refuse(*failed);
      }
      SubmitRead(call, std::move(read));
    };
    sequencer_.Append(std::move(append));
  }

  // Counts are asked for most, and what they are made of is nearly always in memory: they are
  // answered on gRPC's own thread then, without the hand-over to a reader and the wait behind
  // lists.
  bool EndFromMemory(ListCall& call) {
    const SteadyTime started = clock_.Now();
    const auto page = store_.ListFromMemory(wire::FromProto(call.request()));
    if (!page.ok() || page->unknown_user) {
      return false;
    }
    metrics_.lists_read.Add();
    metrics_.list_seconds.Observe(std::chrono::duration<double>(clock_.Now() - started).count());
    End(page, call);
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

  static void End(const Result<ListPage>& page, ListCall& call) {
    if (!page.ok()) {
      return call.Refuse(page.error());
    }
    wire::ToProto(*page, &call.response());
    call.End({});
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
  wire::StreamedMethods streamed_{std::string(v1::StoreService::service_full_name())};
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
                                                ReaderPool& readers, wire::HeadFirstCalls& calls,
                                                const Clock& clock, StoreServiceMetrics metrics,
                                                Log log) {
  return std::make_unique<StoreServiceImpl>(sequencer, store, readers, calls, clock, metrics,
                                            std::move(log));
}

}  // namespace belfry::store
