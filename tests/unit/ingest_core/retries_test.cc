// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/retries.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>
#include <vector>

namespace belfry::ingest {
namespace {

using namespace std::chrono_literals;

class RetriesTest : public ::testing::Test {
 protected:
  // What the attempts of one call are answered with, the last one for all others; what `done` got.
  Result<int> Call(const std::vector<Result<int>>& answers, Duration patience = 60s) {
    std::promise<Result<int>> answered;
    retries_.Call<int>(
        clock_.Now() + patience,
        [this, &answers](Duration timeout, bool again, const Retries::Done<int>& done) {
          EXPECT_LE(timeout, 60s);
          const auto attempt = static_cast<std::size_t>(attempts_.fetch_add(1));
          EXPECT_EQ(again, attempt > 0);
          done(answers[std::min(attempt, answers.size() - 1)]);
        },
        [&answered](Result<int> answer) { answered.set_value(std::move(answer)); });
    return answered.get_future().get();
  }

  static Result<int> Failed(Code code) { return Fail(code, "why"); }

  SystemClock clock_;
  Retries retries_{clock_, Counter(), {.min = 1ms, .max = 2ms}};
  std::atomic<int> attempts_{0};
};

TEST_F(RetriesTest, TriesAgainWhileItIsUnavailable) {
  EXPECT_EQ(Call({Failed(Code::kUnavailable), Failed(Code::kUnavailable), 7}), 7);
  EXPECT_EQ(attempts_, 3);
}

TEST_F(RetriesTest, OtherErrorsAreTheAnswer) {
  for (const Code code : {Code::kNotFound, Code::kDeadlineExceeded, Code::kResourceExhausted}) {
    attempts_ = 0;
    EXPECT_EQ(Call({Failed(code), 7}).error().code, code);
    EXPECT_EQ(attempts_, 1);
  }
}

TEST_F(RetriesTest, AfterARetryRefusedIsNotCertain) {
  const auto answer = Call({Failed(Code::kUnavailable), Failed(Code::kResourceExhausted)});
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  attempts_ = 0;
  EXPECT_EQ(Call({Failed(Code::kUnavailable), Failed(Code::kInvalidArgument)}).error().code,
            Code::kInvalidArgument);
}

TEST_F(RetriesTest, ALateRetryIsAnsweredWithWhyThereWasOne) {
  EXPECT_EQ(Call({Failed(Code::kUnavailable), Failed(Code::kDeadlineExceeded)}).error().code,
            Code::kUnavailable);
}

TEST_F(RetriesTest, EndsAtTheDeadline) {
  const SteadyTime begun = clock_.Now();
  EXPECT_EQ(Call({Failed(Code::kUnavailable)}, 50ms).error().code, Code::kUnavailable);
  EXPECT_LT(clock_.Now() - begun, 30s);
  EXPECT_GT(attempts_, 1);
}

TEST_F(RetriesTest, StopEndsWhatWaitsAndWhatComes) {
  Retries slow(clock_, Counter(), {.min = 1h, .max = 1h});
  int answers = 0;
  const auto call = [&] {
    slow.Call<int>(
        clock_.Now() + 10h,
        [](Duration, bool, const Retries::Done<int>& done) { done(Failed(Code::kUnavailable)); },
        [&answers](const Result<int>& answer) {
          EXPECT_EQ(answer.error().code, Code::kUnavailable);
          ++answers;
        });
  };
  call();
  call();
  EXPECT_EQ(answers, 0);
  slow.Stop();
  EXPECT_EQ(answers, 2);
  call();
  EXPECT_EQ(answers, 3);
}

}  // namespace
}  // namespace belfry::ingest
