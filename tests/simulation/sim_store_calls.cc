// SPDX-License-Identifier: Apache-2.0
// The calls that SimStoreNode answers, as the gRPC room does in the product.
#include <utility>

#include "tests/simulation/sim_store_process.h"

namespace belfry::sim {
namespace {

constexpr std::uint32_t kLogPageEntriesMax = 3;
constexpr Duration kBetweenPagesMax = Millis(2);
constexpr std::uint32_t kRevocationsOfPageMax = 2;

}  // namespace

void SimStoreNode::Append(const CallerPtr& caller, std::vector<store::AppendItem> items,
                          Network::Done<store::AppendResults> done) {
  Post(Duration(0), [this, caller, items = std::move(items), done = std::move(done)]() mutable {
    store::PendingAppend call;
    call.items = std::move(items);
    call.accepted = context_.scheduler.now();
    call.deadline = caller->deadline;
    call.cancelled = [caller] { return caller->gone(); };
    call.done = [this, done = std::move(done)](Result<store::AppendResults> results) {
      auto answer = [done, results = std::move(results)] { done(results); };
      if (process_->log.commit_ends()) {
        process_->answers.push_back(std::move(answer));
      } else {
        answer();
      }
    };
    process_->sequencer->Append(std::move(call));
    WakeSequencer();
  });
}

void SimStoreNode::ReadFeeds(std::vector<FeedQuery> queries,
                             Network::Done<std::vector<FeedPage>> done) {
  Post(Duration(0), [this, queries = std::move(queries), done = std::move(done)] {
    ReadPages(queries, true, done);
  });
}

void SimStoreNode::ReadPages(const std::vector<FeedQuery>& queries, bool may_join,
                             const Network::Done<std::vector<FeedPage>>& done) {
  std::vector<FeedPage> pages;
  std::vector<store::AppendItem> joins;
  for (const FeedQuery& query : queries) {
    auto page = process_->log.ReadFeed(query);
    if (!page.ok()) {
      done(Fail(std::move(page.error())));
      return;
    }
    if (page->unknown_user) {
      StateUpdate join{.project = query.project, .user_id = query.user_id};
      join.change.op = StateOp::kJoin;
      joins.push_back(store::UpdateItem(std::move(join)));
    }
    pages.push_back(std::move(*page));
  }
  if (!may_join || joins.empty()) {
    done(std::move(pages));
    return;
  }
  JoinAndRead(queries, std::move(joins), done);
}

void SimStoreNode::JoinAndRead(std::vector<FeedQuery> queries, std::vector<store::AppendItem> joins,
                               Network::Done<std::vector<FeedPage>> done) {
  store::PendingAppend call;
  call.items = std::move(joins);
  call.accepted = context_.scheduler.now();
  call.done = [this, queries = std::move(queries),
               done = std::move(done)](const Result<store::AppendResults>& results) {
    std::optional<Error> failed;
    if (!results.ok()) {
      failed = results.error();
    } else {
      for (const auto& result : *results) {
        failed = result.ok() ? failed : result.error();
      }
    }
    auto answer = [this, queries, done, failed] {
      if (failed) {
        done(Fail(*failed));
      } else {
        ReadPages(queries, false, done);
      }
    };
    if (process_->log.commit_ends()) {
      process_->answers.push_back(std::move(answer));
    } else {
      answer();
    }
  };
  process_->sequencer->Append(std::move(call));
  WakeSequencer();
}

void SimStoreNode::ReadHeads(Network::Done<edge::Heads> done) {
  Post(Duration(0), [this, done = std::move(done)] {
    edge::Heads heads;
    heads.heads = process_->log.Heads();
    heads.partitions = static_cast<Partition>(heads.heads.size());
    heads.history_id = process_->log.history_id();
    heads.now_us = process_->clock.UnixMicros();
    done(std::move(heads));
  });
}

void SimStoreNode::ReadRevocations(const std::string& after, Network::Done<AudiencePage> done) {
  Post(Duration(0), [this, after, done = std::move(done)] {
    done(process_->log.ReadAudience(
        {.kind = AudienceQueryKind::kRevocations, .after = after, .limit = kRevocationsOfPageMax}));
  });
}

// One ReadLog call under way: grpc/log_stream.cc writes page after page, grpc/store_client.cc puts
// them together.
struct SimStoreNode::LogRead {
  store::LogQuery query;
  std::uint64_t bytes_max = 0;
  std::uint64_t bytes = 0;
  edge::SentEntries sent;
  Network::Done<edge::SentEntries> done;
};

void SimStoreNode::ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
                           Network::Done<edge::SentEntries> done) {
  auto read = std::make_shared<LogRead>();
  read->query.partition = partition;
  read->query.after = after;
  read->query.entries_max = kLogPageEntriesMax;
  read->bytes_max = bytes_max;
  read->done = std::move(done);
  Post(Duration(0), [this, read] { ReadPage(read); });
}

void SimStoreNode::ReadPage(const std::shared_ptr<LogRead>& read) {
  const auto page = process_->log.ReadLog(read->query);
  if (!page.ok()) {
    read->done(Fail(page.error()));
    return;
  }
  read->query.until = page->until;  // the end as of the call
  if (page->until == 0 || page->entries.empty()) {
    read->done(std::move(read->sent));
    return;
  }
  read->sent.store_time_us = process_->clock.ExpiryMicros();
  for (const EntryPtr& entry : page->entries) {
    read->bytes += 100 + entry->payload.size();
    read->sent.entries.push_back(entry);
  }
  read->query.after = page->entries.back()->id;
  if (!page->more || (read->bytes_max != 0 && read->bytes >= read->bytes_max)) {
    read->done(std::move(read->sent));
    return;
  }
  Post(context_.random.UpTo(kBetweenPagesMax), [this, read] { ReadPage(read); });
}

}  // namespace belfry::sim
