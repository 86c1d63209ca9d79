// SPDX-License-Identifier: Apache-2.0
// Mutex, MutexLock and CondVar, and the annotations with which clang's -Wthread-safety checks that
// what a mutex guards is touched only while it is held. Under gcc the annotations vanish, and each
// class is what it wraps: std::mutex, std::scoped_lock, std::condition_variable.
//
//   class Queue {
//    public:
//     void Push(int number) BELFRY_EXCLUDES(mutex_) {
//       const MutexLock lock(mutex_);
//       numbers_.push_back(number);
//       changed_.NotifyOne();
//     }
//     int Pop() BELFRY_EXCLUDES(mutex_) {
//       const MutexLock lock(mutex_);
//       changed_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) { return !numbers_.empty(); });
//       return Take();
//     }
//
//    private:
//     int Take() BELFRY_REQUIRES(mutex_);
//
//     Mutex mutex_;
//     CondVar changed_;
//     std::deque<int> numbers_ BELFRY_GUARDED_BY(mutex_);
//   };
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#if defined(__clang__)
#define BELFRY_THREAD_ANNOTATION(attribute) __attribute__((attribute))
#else
#define BELFRY_THREAD_ANNOTATION(attribute)
#endif

// On a member: read and written only while `mutex` is held.
#define BELFRY_GUARDED_BY(mutex) BELFRY_THREAD_ANNOTATION(guarded_by(mutex))
// On a pointer: what it points to is guarded, the pointer itself is not.
#define BELFRY_PT_GUARDED_BY(mutex) BELFRY_THREAD_ANNOTATION(pt_guarded_by(mutex))
// On a function: the caller holds `mutex`.
#define BELFRY_REQUIRES(...) BELFRY_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
// On a function: the caller does not hold `mutex`; the function takes it.
#define BELFRY_EXCLUDES(...) BELFRY_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
// On a function whose locking clang cannot follow. Say why beside it.
#define BELFRY_NO_THREAD_SAFETY_ANALYSIS BELFRY_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace belfry {

class BELFRY_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() BELFRY_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() BELFRY_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

// Holds `mutex` for as long as it lives, except between Unlock and Lock.
class BELFRY_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) BELFRY_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() BELFRY_THREAD_ANNOTATION(release_capability()) {
    if (held_) {
      mutex_.Unlock();
    }
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  // Let go for a while, for a call that must not be made under the lock.
  void Unlock() BELFRY_THREAD_ANNOTATION(release_capability()) {
    held_ = false;
    mutex_.Unlock();
  }
  void Lock() BELFRY_THREAD_ANNOTATION(acquire_capability()) {
    mutex_.Lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Waits let go of `mutex` and hold it again when they return. Those without a condition may return
// early. A condition says under which lock it runs: `[this]() BELFRY_REQUIRES(mutex_) { ... }`.
class CondVar {
 public:
  void Wait(Mutex& mutex) BELFRY_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) BELFRY_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, timeout);
    lock.release();
  }
  // Returns once `condition` holds.
  template <typename Condition>
  void Wait(Mutex& mutex, Condition condition) BELFRY_REQUIRES(mutex)
      BELFRY_NO_THREAD_SAFETY_ANALYSIS {  // clang does not know that `condition` names this mutex
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock, std::move(condition));
    lock.release();
  }
  // False: `condition` still does not hold after `timeout`.
  template <typename Condition>
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout, Condition condition)
      BELFRY_REQUIRES(mutex) BELFRY_NO_THREAD_SAFETY_ANALYSIS {  // as above
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool holds = condition_.wait_for(lock, timeout, std::move(condition));
    lock.release();
    return holds;
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace belfry
