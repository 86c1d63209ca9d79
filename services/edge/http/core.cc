// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/core.h"

#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "services/edge/core/stream_metrics.h"
#include "services/edge/http/front.h"
#include "services/edge/http/mailbox.h"
#include "services/edge/http/socket_transport.h"

namespace belfry::edge {
namespace {

namespace asio = boost::asio;

}  // namespace

class Core::Impl {
 public:
  Impl(CoreContext& context, std::unique_ptr<SocketTransport> transport,
       std::shared_ptr<const wire::JwtVerifier> verifier, std::uint64_t seed)
      : context_(context),
        poll_(io_, transport->poll_descriptor()),
        tick_(io_),
        transport_(std::move(transport)),
        metrics_(MakeStreamMetrics(context.ports.metrics)),
        streams_(context.options.streams, context.caps, context.ports.revocations, *transport_,
                 context.ports.renderer, context.ports.clock, metrics_, seed),
        front_(context, std::move(verifier),
               [this](StreamRequest request) { HandOver(std::move(request)); }),
        mailbox_(std::make_shared<Mailbox>([this] { asio::post(io_, [this] { TakeMail(); }); })),
        answered_(context.ports.clock.Now()) {}

  ~Impl() {
    mailbox_->Close();
    poll_.release();  // the transport closes it
  }

  Status Listen(std::string address) {
    http::ServerOptions options;
    options.address = std::move(address);
    options.reuse_port = true;
    options.limits = context_.options.http;
    options.is_proxy = [this](std::string_view peer) { return context_.proxies.Trusts(peer); };
    options.refused_metric = "belfry_edge_http_refused_total";
    auto server = http::Server::Listen(
        io_, std::move(options),
        [this](http::Request request, std::shared_ptr<http::Responder> responder) {
          front_.Handle(std::move(request), std::move(responder));
        },
        &context_.ports.metrics, context_.ports.log);
    if (!server.ok()) {
      return Fail(std::move(server.error()));
    }
    server_ = std::move(*server);
    return {};
  }

  void Run() {
    AwaitSockets();
    io_.run();
  }

  void Stop() {
    Put([this] {
      streams_.CloseAll(CloseReason::kShutdown);
      io_.stop();
    });
  }

  std::uint16_t port() const { return server_->port(); }
  std::size_t streams() const { return open_; }
  std::size_t catching_up() const { return catching_up_; }
  bool following() const { return following_; }

  void SetPartitions(Partition partitions) {
    Put([this, partitions] { streams_.SetPartitions(partitions); });
  }
  void Deliver(BatchPtr batch) {
    Put([this, batch = std::move(batch)] { streams_.Deliver(*batch); });
  }
  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) {
    Put([this, verifier = std::move(verifier)] {
      front_.SetVerifier(verifier);
      CloseRevokedNow();
    });
  }
  void CloseRevoked() {
    Put([this] { CloseRevokedNow(); });
  }
  void StartDrain(std::chrono::milliseconds window) {
    Put([this, window] {
      server_->StopAccepting();
      draining_ = true;
      streams_.StartDrain(window);
    });
  }
  void Ping() {
    if (!pinged_.exchange(true)) {
      Put([this] {
        answered_ = context_.ports.clock.Now();
        pinged_ = false;
      });
    }
  }
  SteadyTime answered() const { return answered_; }
  void Attach(StreamRequest request) {
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
      // The core that has verified it may have had the keys of before.
      taken.key_gone = !front_.HasKey(taken.key);
      streams_.Attach(std::move(taken));
    });
  }

  // Which core this is, for the streams it can keep without the mailbox.
  void SetSelf(const Core* self) { self_ = self; }

 private:
  // On the core's own thread: to the core of the request's user.
  void HandOver(StreamRequest request) {
    Core* const core = context_.core_of(request);
    if (core != self_) {
      core->Attach(std::move(request));
      return;
    }
    streams_.Attach(std::move(request));
    PostTurn();
  }

  // Ends a turn soon: several streams that come at once share it.
  void PostTurn() {
    if (!std::exchange(turn_posted_, true)) {
      asio::post(io_, [this] {
        turn_posted_ = false;
        EndTurn();
      });
    }
  }

  void CloseRevokedNow() {
    streams_.CloseRevoked([this](std::uint64_t key) { return front_.HasKey(key); });
  }

  void Put(Mailbox::Work work) { mailbox_->Put(std::move(work)); }

  void TakeMail() {
    for (const Mailbox::Work& work : mailbox_->TakeAll()) {
      work();
    }
    EndTurn();
  }

  // Writes what the turn has queued, makes the reads it wants, and starts the next tick.
  void EndTurn() {
    Streams::Turn turn = streams_.EndTurn();
    for (PendingRead& read : turn.reads) {
      Read(std::move(read));
    }
    if (turn.more) {
      PostTurn();
    }
    if (streams_.needs_ticks() && !ticking_) {
      AwaitTick();
    }
    open_ = streams_.open();
    catching_up_ = streams_.catching_up();
    following_ = streams_.following();
    if (draining_ && open_ == 0) {
      context_.on_empty();
    }
  }

  void Read(PendingRead read) {
    const std::uint64_t call = read.call;
    context_.ports.feeds.ReadFeeds(
        std::move(read.queries),
        [this, mailbox = mailbox_, call](Result<std::vector<FeedPage>> pages) {
          // `this` is only touched by the work, which the mailbox drops once the core has ended.
          mailbox->Put([this, call, pages = std::move(pages)] { streams_.OnPages(call, pages); });
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

  CoreContext& context_;
  const Core* self_ = nullptr;
  asio::io_context io_{1};
  asio::posix::stream_descriptor poll_;
  asio::steady_timer tick_;
  const std::unique_ptr<SocketTransport> transport_;
  const StreamMetrics metrics_;  // its own
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

Status Core::CheckFree(const std::string& address, Log log) {
  asio::io_context io;
  http::ServerOptions options;
  options.address = address;
  auto alone = http::Server::Listen(
      io, std::move(options), [](http::Request, const std::shared_ptr<http::Responder>&) {},
      nullptr, std::move(log));
  return alone.ok() ? Status{} : Status{Fail(std::move(alone.error()))};
}

Result<std::unique_ptr<Core>> Core::Open(CoreContext& context, std::string address,
                                         std::shared_ptr<const wire::JwtVerifier> verifier,
                                         std::uint64_t seed) {
  auto transport = SocketTransport::Make();
  if (!transport.ok()) {
    return Fail(std::move(transport.error()));
  }
  auto impl = std::make_unique<Impl>(context, std::move(*transport), std::move(verifier), seed);
  if (Status listening = impl->Listen(std::move(address)); !listening.ok()) {
    return Fail(std::move(listening.error()));
  }
  return std::unique_ptr<Core>(new Core(std::move(impl)));
}

Core::Core(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) { impl_->SetSelf(this); }
Core::~Core() = default;

void Core::Run() { impl_->Run(); }
void Core::Stop() { impl_->Stop(); }
std::uint16_t Core::port() const { return impl_->port(); }
void Core::SetPartitions(Partition partitions) { impl_->SetPartitions(partitions); }
void Core::Deliver(BatchPtr batch) { impl_->Deliver(std::move(batch)); }
void Core::SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) {
  impl_->SetVerifier(std::move(verifier));
}
void Core::CloseRevoked() { impl_->CloseRevoked(); }
void Core::StartDrain(std::chrono::milliseconds window) { impl_->StartDrain(window); }
void Core::Ping() { impl_->Ping(); }
SteadyTime Core::answered() const { return impl_->answered(); }
void Core::Attach(StreamRequest request) { impl_->Attach(std::move(request)); }
std::size_t Core::streams() const { return impl_->streams(); }
std::size_t Core::catching_up() const { return impl_->catching_up(); }
bool Core::following() const { return impl_->following(); }

}  // namespace belfry::edge
