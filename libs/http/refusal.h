// SPDX-License-Identifier: Apache-2.0
// What the server itself refuses, before any handler sees it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace belfry::http {

enum class Reason {
  kMalformed,         // 400: not HTTP as RFC 9112 writes it
  kTarget,            // 400: neither origin-form nor absolute-form, bad percent-encoding
  kHost,              // 400: not exactly one, or not the target's
  kContentLength,     // 400: more than one, not a number
  kTransferEncoding,  // 501 if not chunked, or 400 beside a Content-Length or in HTTP/1.0
  kContentEncoding,   // 415: the body is compressed
  kChunks,            // 400: the chunks of the body are malformed
  kVersion,           // 505
  kExpectation,       // 417
  kHeaderTooLarge,    // 431
  kHeaderTimeout,     // 408
  kBodyTooLarge,      // 413
  kBodyTimeout,       // 408
  kBodies,            // 429: bodies_bytes_max are being read
  kWriteTimeout,      // closed: the peer does not read its answer
  kConnections,       // not accepted for a while: connections_max are open, none of them idle
  kIdle,              // closed: idle for the longest time when a new one needed room
  kAddress,           // closed: its address has connections_per_address_max
  kDescriptors,       // not accepted for a while: the process has no descriptors left
};
inline constexpr std::size_t kReasons = 19;

// As in the metric's label "reason".
inline constexpr std::array<std::string_view, kReasons> kReasonNames = {
    "malformed",        "target",         "host",         "content_length", "transfer_encoding",
    "content_encoding", "chunks",         "version",      "expectation",    "header_too_large",
    "header_timeout",   "body_too_large", "body_timeout", "bodies",         "write_timeout",
    "connections",      "idle",           "address",      "descriptors"};

// An answer that ends the connection.
struct Refusal {
  Reason reason = Reason::kMalformed;
  int status = 400;
  std::string detail;
};

}  // namespace belfry::http
