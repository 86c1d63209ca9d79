// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/core.h"

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "services/edge/http/front.h"
#include "services/edge/http/mailbox.h"
#include "services/edge/http/socket_transport.h"

namespace belfry::edge {
namespace {

namespace asio = boost::asio;

class AsioCore final : public Core {
 public:
  AsioCore(CoreCommons& commons, std::unique_ptr<SocketTransport> transport,
           std::shared_ptr<const wire::JwtVerifier> verifier, std::uint64_t seed)
      : commons_(commons),
        poll_(io_, transport->poll_descriptor()),
        tick_(io_),
        transport_(std::move(transport)),
        streams_(commons.options.streams, commons.caps, *transport_, commons.ports.renderer,
                 commons.ports.clock, commons.metrics, seed),
        front_(commons, std::move(verifier),
               [this](StreamRequest request) { commons_.hand_over(std::move(request)); }),
        mailbox_(std::make_shared<Mailbox>([this] { asio::post(io_, [this] { TakeMail(); }); })),
        answered_(commons.ports.clock.Now()) {}

  ~AsioCore() override {
    mailbox_->Close();
    poll_.release();  // the transport closes it
  }

  Status Listen(std::string address) {
    http::ServerOptions options;
    options.address = std::move(address);
    options.reuse_port = true;
    options.limits = commons_.options.http;
    options.refused_metric = "belfry_edge_http_refused_total";
    auto server = http::Server::Listen(
        io_, std::move(options),
        [this](http::Request request, std::shared_ptr<http::Responder> responder) {
          front_.Handle(std::move(request), std::move(responder));
        },
        &commons_.ports.metrics, commons_.ports.log);
    if (!server.ok()) {
      return Fail(std::move(server.error()));
    }
    server_ = std::move(*server);
    return {};
  }

  void Run() override {
    AwaitSockets();
    io_.run();
  }

  void Stop() override {
    Put([this] {
      streams_.CloseAll(CloseReason::kShutdown);
      io_.stop();
    });
  }

  std::uint16_t port() const override { return server_->port(); }
  std::size_t open() const override { return open_; }
  std::size_t catching_up() const override { return catching_up_; }
  bool following() const override { return following_; }

  void SetPartitions(Partition partitions) override {
    Put([this, partitions] { streams_.SetPartitions(partitions); });
  }
  void Deliver(BatchPtr batch) override {
    Put([this, batch = std::move(batch)] { streams_.Deliver(*batch); });
  }
  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) override {
    Put([this, verifier = std::move(verifier)] { front_.SetVerifier(verifier); });
  }
  void StartDrain(std::chrono::milliseconds window) override {
    Put([this, window] {
      server_->StopAccepting();
      draining_ = true;
      streams_.StartDrain(window);
    });
  }
  void Ping() override {
    if (!pinged_.exchange(true)) {
      Put([this] {
        answered_ = commons_.ports.clock.Now();
        pinged_ = false;
      });
    }
  }
  SteadyTime answered() const override { return answered_; }
  void Attach(StreamRequest request) override {
    // Should the core end before it takes the request, the socket is closed all the same.
    const std::shared_ptr<StreamRequest> owned(new StreamRequest(std::move(request)),
                                               [](StreamRequest* left) {
                                                 if (left->socket >= 0) {
                                                   close(left->socket);
                                                 }
                                                 delete left;
                                               });
    Put([this, owned] {
      StreamRequest taken = *owned;
      owned->socket = -1;
      streams_.Attach(std::move(taken));
    });
  }

 private:
  void Put(Mailbox::Work work) { mailbox_->Put(std::move(work)); }

  void TakeMail() {
    for (const Mailbox::Work& work : mailbox_->TakeAll()) {
      work();
    }
    EndTurn();
  }

  // Writes what the turn has queued, makes the reads it wants, and sees to the next tick.
  void EndTurn() {
    Streams::Turn turn = streams_.EndTurn();
    for (PendingRead& read : turn.reads) {
      Read(std::move(read));
    }
    if (turn.more && !std::exchange(turn_posted_, true)) {
      asio::post(io_, [this] {
        turn_posted_ = false;
        EndTurn();
      });
    }
    if (streams_.needs_ticks() && !ticking_) {
      AwaitTick();
    }
    open_ = streams_.open();
    catching_up_ = streams_.catching_up();
    following_ = streams_.following();
    if (draining_ && open_ == 0) {
      commons_.on_empty();
    }
  }

  void Read(PendingRead read) {
    const std::uint64_t call = read.call;
    commons_.ports.feeds.ReadFeeds(
        std::move(read.queries),
        [this, mailbox = mailbox_, call](Result<std::vector<FeedPage>> pages) {
          // `this` is only touched by the work, which the mailbox drops once the core has ended.
          mailbox->Put([this, call, pages = std::move(pages)]() mutable {
            streams_.OnPages(call, std::move(pages));
          });
        });
  }

  void AwaitSockets() {
    poll_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error) {
                         PollSockets();
                         AwaitSockets();
                       }
                     });
  }

  void PollSockets() {
    while (transport_->Poll(streams_)) {
    }
    EndTurn();
  }

  void AwaitTick() {
    ticking_ = true;
    tick_.expires_after(Wheel::kTick);
    tick_.async_wait([this](const boost::system::error_code& error) {
      ticking_ = false;
      if (!error) {
        streams_.Tick();
        EndTurn();
      }
    });
  }

  CoreCommons& commons_;
  asio::io_context io_{1};
  asio::posix::stream_descriptor poll_;
  asio::steady_timer tick_;
  const std::unique_ptr<SocketTransport> transport_;
  Streams streams_;
  Front front_;
  const std::shared_ptr<Mailbox> mailbox_;
  std::unique_ptr<http::Server> server_;
  bool turn_posted_ = false;
  bool ticking_ = false;
  bool draining_ = false;
  // Written by the core, read by any thread.
  std::atomic<std::size_t> open_ = 0;
  std::atomic<std::size_t> catching_up_ = 0;
  std::atomic<bool> following_ = false;
  std::atomic<bool> pinged_ = false;
  std::atomic<SteadyTime> answered_;
};

}  // namespace

Status Core::CheckFree(const std::string& address, Log log) {
  asio::io_context io;
  http::ServerOptions options;
  options.address = address;
  auto alone = http::Server::Listen(
      io, std::move(options), [](http::Request, const std::shared_ptr<http::Responder>&) {},
      nullptr, std::move(log));
  return alone.ok() ? Status{} : Status{Fail(std::move(alone.error()))};
}

Result<std::unique_ptr<Core>> Core::Make(CoreCommons& commons, std::string address,
                                         std::shared_ptr<const wire::JwtVerifier> verifier,
                                         std::uint64_t seed) {
  auto transport = SocketTransport::Make();
  if (!transport.ok()) {
    return Fail(std::move(transport.error()));
  }
  auto core = std::make_unique<AsioCore>(commons, std::move(*transport), std::move(verifier), seed);
  if (Status listening = core->Listen(std::move(address)); !listening.ok()) {
    return Fail(std::move(listening.error()));
  }
  return std::unique_ptr<Core>(std::move(core));
}

}  // namespace belfry::edge
