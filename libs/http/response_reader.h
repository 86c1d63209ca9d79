// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.1 response, the client's side, without I/O: head, then a body by length, by
// chunks or until the connection ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/result.h"
#include "libs/http/chunk_decoder.h"

namespace belfry::http {

// Not thread-safe; one per response.
class ResponseReader {
 public:
  explicit ResponseReader(std::size_t head_bytes_max = 64 * 1024);
  ~ResponseReader();
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  // Takes the next bytes, cut anywhere, and appends what they hold of the body to `body`. Bytes
  // after the response's end are dropped. kInvalidArgument: not an HTTP/1.1 response.
  Status Feed(std::string_view bytes, std::string* body);

  bool head_done() const { return framing_ != Framing::kUnknown; }
  // The body is whole; never true of one that ends with the connection.
  bool done() const;
  // The connection may end now: the body is whole, or only the connection's end says so. When it
  // ends at any other time, the body is cut.
  bool may_end() const { return done() || framing_ == Framing::kToTheEnd; }
  // The rest: once head_done().
  int status() const;
  std::optional<std::string_view> Header(std::string_view name) const;

 private:
  class Parser;
  enum class Framing { kUnknown, kLength, kChunks, kToTheEnd };

  Status FeedHead(std::string_view bytes, std::string* body);
  Status FeedBody(std::string_view bytes, std::string* body);

  const std::size_t head_bytes_max_;
  const std::unique_ptr<Parser> parser_;
  std::string head_;  // what has come of it
  Framing framing_ = Framing::kUnknown;
  std::uint64_t left_ = 0;  // of a body by length
  ChunkDecoder chunks_;
  bool chunks_done_ = false;
};

}  // namespace belfry::http
