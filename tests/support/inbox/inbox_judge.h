// SPDX-License-Identifier: Apache-2.0
// Judges what users of an inbox were answered, against a plain walk over the logs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/checker/history.h"
#include "tests/support/inbox/inbox_run.h"
#include "tests/support/inbox/plain_inbox.h"

namespace belfry::test {

// One user's inbox at the end of `log`. Adds to `faults` what the walk finds wrong in the log, and
// which of their answers are not what it gives: an answer's counts at their position, a change that
// was acknowledged and is neither in the log nor without effect, one that is in it twice or though
// it was refused, a notification that was not found and is there.
PlainInbox JudgeUser(const StoredLog& log, const InboxBooks& books, const std::string& user,
                     bool known, std::vector<std::string>& faults);
// Whether what was acknowledged is stored once and under the id that was answered.
void JudgePublishes(const std::vector<StoredLog>& logs, const InboxBooks& books,
                    std::vector<std::string>& faults);

}  // namespace belfry::test
