// SPDX-License-Identifier: Apache-2.0
// Notifications as a hostile producer might fill them.
#pragma once

#include <random>
#include <string>

namespace belfry::v1 {
class Notification;
}

namespace belfry::wire::test {

// Well-formed UTF-8 with a taste for what breaks frames, JSON and terminals.
std::string HostileText(std::mt19937_64& random);

// Every field set or left unset at random.
void FillNotification(std::mt19937_64& random, v1::Notification* notification);

}  // namespace belfry::wire::test
