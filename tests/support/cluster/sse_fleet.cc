// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/sse_fleet.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "libs/common/check.h"
#include "tests/support/checker/publish_index.h"
#include "tests/support/cluster/sse_client.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr Millis kLookAtSilence{1000};
constexpr std::uint64_t kWakeTag = ~std::uint64_t{0};

}  // namespace

struct SseFleet::Impl {
  struct Slot {
    std::unique_ptr<SseClient> client;
    Socket socket;
    std::string unsent;    // of the request
    bool opening = false;  // the connect is under way
    bool reading = true;
    bool left = false;
    Clock::time_point heard;
  };

  explicit Impl(Millis max) : retry_max(max) {
    epoll = Socket(epoll_create1(EPOLL_CLOEXEC));
    wake = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeTag;
    BELFRY_CHECK(epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, wake.fd(), &event) == 0);
    thread = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    Wake();
    thread.join();
  }

  void Wake() const {
    const std::uint64_t one = 1;
    const ssize_t written = write(wake.fd(), &one, sizeof one);
    BELFRY_CHECK(written == sizeof one || errno == EAGAIN);
  }

  void Run() {
    std::array<epoll_event, 256> events;
    while (true) {
      int wait_ms = 0;
      {
        const std::lock_guard lock(mutex);
        if (stopping) {
          return;
        }
        OpenWhatIsDue();
        GiveUpTheSilent();
        wait_ms = MillisToNext();
      }
      const int n = epoll_wait(epoll.fd(), events.data(), events.size(), wait_ms);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.u64 == kWakeTag) {
          std::uint64_t ignored = 0;
          while (read(wake.fd(), &ignored, sizeof ignored) > 0) {
          }
          continue;
        }
        const std::lock_guard lock(mutex);
        OnReady(events[i].data.u64, events[i].events);
      }
    }
  }

  // All below with the mutex held.

  void OpenWhatIsDue() {
    const auto now = Clock::now();
    while (!due.empty() && due.begin()->first <= now) {
      const std::size_t index = due.begin()->second;
      due.erase(due.begin());
      if (!slots[index].left) {
        Open(index);
      }
    }
  }

  void GiveUpTheSilent() {
    const auto now = Clock::now();
    if (now < next_look_at_silence) {
      return;
    }
    next_look_at_silence = now + kLookAtSilence;
    for (std::size_t index = 0; index < slots.size(); ++index) {
      const Slot& slot = slots[index];
      const Millis bound = slot.client->options().silence_max;
      if (bound.count() == 0 || !slot.socket.valid() || slot.opening) {
        continue;
      }
      if (now - slot.heard > bound) {
        Close(index);
      }
    }
  }

  int MillisToNext() const {
    if (due.empty()) {
      return 1000;
    }
    const auto left = std::chrono::ceil<Millis>(due.begin()->first - Clock::now()).count();
    return static_cast<int>(std::clamp<Millis::rep>(left, 0, 1000));
  }

  void Open(std::size_t index) {
    Slot& slot = slots[index];
    auto socket = StartConnecting(slot.client->NextEdge());
    if (!socket.ok()) {
      return OpenLater(index);
    }
    slot.socket = *std::move(socket);
    slot.opening = true;
    if (const int bytes = slot.client->options().receive_buffer_bytes; bytes != 0) {
      setsockopt(slot.socket.fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
    Register(index, EPOLL_CTL_ADD);
  }

  void OpenLater(std::size_t index) {
    const Millis told = std::min(slots[index].client->retry(), retry_max);
    std::uniform_int_distribution<Millis::rep> wait(told.count() / 2, told.count());
    due.emplace(Clock::now() + Millis(wait(random)), index);
  }

  void Register(std::size_t index, int operation) {
    Slot& slot = slots[index];
    epoll_event event{};
    if (slot.reading) {
      event.events |= EPOLLIN;
    }
    if (slot.opening || !slot.unsent.empty()) {
      event.events |= EPOLLOUT;
    }
    event.data.u64 = index;
    BELFRY_CHECK(epoll_ctl(epoll.fd(), operation, slot.socket.fd(), &event) == 0);
  }

  void OnReady(std::size_t index, std::uint32_t ready) {
    Slot& slot = slots[index];
    if (!slot.socket.valid()) {
      return;
    }
    if (slot.opening) {
      int error = 0;
      socklen_t size = sizeof error;
      getsockopt(slot.socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
      if (error != 0) {
        slot.socket.Close();
        slot.opening = false;
        return OpenLater(index);
      }
      slot.opening = false;
      slot.unsent = slot.client->Opened();
      slot.heard = Clock::now();
    }
    if (!slot.unsent.empty() && (ready & EPOLLOUT) != 0) {
      const ssize_t n =
          send(slot.socket.fd(), slot.unsent.data(), slot.unsent.size(), MSG_NOSIGNAL);
      if (n > 0) {
        slot.unsent.erase(0, static_cast<std::size_t>(n));
      }
      Register(index, EPOLL_CTL_MOD);
    }
    const bool gone = (ready & (EPOLLHUP | EPOLLERR)) != 0;
    if (slot.reading && (ready & EPOLLIN) != 0) {
      if (!Read(&slot)) {
        Close(index);
      }
    } else if (gone) {
      Close(index);
    }
  }

  // False when the connection is over.
  bool Read(Slot* slot) {
    const ssize_t n = recv(slot->socket.fd(), buffer.data(), buffer.size(), 0);
    if (n > 0) {
      slot->heard = Clock::now();
      return slot->client->Received(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
  }

  void Close(std::size_t index) {
    Slot& slot = slots[index];
    slot.socket.Close();
    slot.unsent.clear();
    slot.client->Closed();
    if (!slot.left) {
      OpenLater(index);
    }
  }

  static bool HasAll(const Slot& slot, const PublishIndex& index) {
    const SseClient& client = *slot.client;
    if (slot.left) {
      return true;
    }
    if (!client.start()) {
      return false;
    }
    const auto feed = index.OfFeed(client.options().project, client.options().user_id);
    return std::none_of(feed.begin(), feed.end(), [&client](const auto& acknowledged) {
      return client.Misses(acknowledged.id);
    });
  }

  template <typename Count>
  std::size_t Sum(Count count) const {
    const std::lock_guard lock(mutex);
    std::size_t sum = 0;
    for (const Slot& slot : slots) {
      sum += count(*slot.client);
    }
    return sum;
  }

  const Millis retry_max;
  Socket epoll;
  Socket wake;

  mutable std::mutex mutex;
  // Guarded by it.
  bool stopping = false;
  std::vector<Slot> slots;
  std::multimap<Clock::time_point, std::size_t> due;
  Clock::time_point next_look_at_silence;
  std::mt19937 random{1};
  std::array<char, 64 * 1024> buffer;

  std::thread thread;
};

SseFleet::SseFleet(Millis retry_max) : impl_(std::make_unique<Impl>(retry_max)) {}
SseFleet::~SseFleet() = default;

std::size_t SseFleet::Add(SseClientOptions options) {
  std::size_t index = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    index = impl_->slots.size();
    impl_->slots.emplace_back();
    impl_->slots.back().client = std::make_unique<SseClient>(std::move(options));
    impl_->due.emplace(Clock::now(), index);
  }
  impl_->Wake();
  return index;
}

void SseFleet::Leave(std::size_t client) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Slot& slot = impl_->slots.at(client);
  slot.left = true;
  slot.client->Left();
  if (slot.socket.valid()) {
    impl_->Close(client);
  }
}

void SseFleet::StopReading(std::size_t client) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Slot& slot = impl_->slots.at(client);
  slot.reading = false;
  if (slot.socket.valid()) {
    impl_->Register(client, EPOLL_CTL_MOD);
  }
}

void SseFleet::GoOnReading(std::size_t client) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Slot& slot = impl_->slots.at(client);
  slot.reading = true;
  if (slot.socket.valid()) {
    impl_->Register(client, EPOLL_CTL_MOD);
  }
}

std::size_t SseFleet::connected() const {
  return impl_->Sum([](const SseClient& client) { return client.connected() ? 1u : 0u; });
}

std::size_t SseFleet::told() const {
  return impl_->Sum([](const SseClient& client) { return client.told(); });
}

std::size_t SseFleet::byes(const std::string& reason) const {
  return impl_->Sum([&reason](const SseClient& client) {
    const auto& events = client.history().events;
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&reason](const StreamEvent& event) {
          return event.kind == StreamEvent::Kind::kBye && (reason.empty() || event.text == reason);
        }));
  });
}

std::size_t SseFleet::connections(std::size_t client) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->slots.at(client).client->connections();
}

EntryId SseFleet::cursor(std::size_t client) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->slots.at(client).client->cursor();
}

std::size_t SseFleet::told(std::size_t client) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->slots.at(client).client->told();
}

bool SseFleet::WaitConnected(std::size_t count, Millis patience) const {
  return WaitUntil([this, count] { return connected() >= count; }, patience);
}

bool SseFleet::WaitForAll(const std::vector<Publish>& publishes, Millis patience) const {
  std::vector<Publish> lasting = publishes;
  const std::int64_t now_us = SteadyMicros();
  std::erase_if(lasting, [now_us](const Publish& publish) {
    return publish.expires_us != 0 && publish.expires_us <= now_us;
  });
  const PublishIndex index(lasting);
  std::size_t complete = 0;  // the clients before this one have all; they never lose any
  const auto more_have_all = [&] {
    const std::lock_guard lock(impl_->mutex);
    while (complete < impl_->slots.size() && impl_->HasAll(impl_->slots[complete], index)) {
      ++complete;
    }
    return complete == impl_->slots.size();
  };
  return WaitUntil(more_have_all, patience);
}

std::vector<ClientHistory> SseFleet::Histories() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<ClientHistory> histories;
  for (const Impl::Slot& slot : impl_->slots) {
    histories.push_back(slot.client->history());
  }
  return histories;
}

}  // namespace belfry::test
