// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/announcer_thread.h"

namespace belfry::store {
namespace {

// How soon a bus that was not connected, or a log that could not be read, is tried again.
constexpr std::chrono::milliseconds kRetryEvery{50};
constexpr std::chrono::milliseconds kLastWordsMax{500};

}  // namespace

AnnouncerThread::AnnouncerThread(Announcer& announcer) : announcer_(announcer) {
  thread_ = std::thread([this] { Run(); });
}

AnnouncerThread::~AnnouncerThread() {
  stopping_ = true;
  announcer_.Wake();
  thread_.join();
}

void AnnouncerThread::Run() {
  while (!stopping_) {
    if (!announcer_.Step()) {
      announcer_.Wait(announcer_.caught_up() ? std::chrono::milliseconds(500) : kRetryEvery);
    }
  }
  const auto deadline = std::chrono::steady_clock::now() + kLastWordsMax;
  while (announcer_.Step() && std::chrono::steady_clock::now() < deadline) {
  }
}

}  // namespace belfry::store
