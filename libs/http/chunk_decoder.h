// SPDX-License-Identifier: Apache-2.0
// Reads a body that comes in chunks (RFC 9112, section 7.1), cut anywhere, without I/O. Stricter
// than the standard where two readers could disagree: a line ends with CR LF and nothing else, and
// a chunk's size is hexadecimal digits only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace belfry::http {

// Not thread-safe; one per body.
class ChunkDecoder {
 public:
  // What a peer may send around the body's bytes, all chunks together.
  struct Limits {
    std::size_t extension_bytes_max = 0;
    std::size_t trailer_bytes_max = 0;  // 0: a trailer is malformed
  };
  enum class State {
    kMore,       // the body has not ended
    kDone,       // the last chunk and the empty line after it were read
    kMalformed,  // the framing is broken, or beyond a limit; what was decoded before it is kept
  };

  explicit ChunkDecoder(Limits limits) : limits_(limits) {}

  // Takes bytes off the front of `bytes`, up to the body's end, and appends what they hold of the
  // body to `body`. Once it is not kMore, further calls take none.
  State Feed(std::string_view* bytes, std::string* body);

  // The bytes of the chunk under way that have not come yet.
  std::uint64_t chunk_left() const { return left_; }

 private:
  // What comes next.
  enum class Part {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kEnd,
    kBroken,
  };

  // One byte of what is around the data.
  Part Next(char c);
  Part NextOfSize(char c);
  // Counts a byte of an extension or a trailer; kBroken beyond its limit.
  Part Bounded(char c, std::size_t* bytes, std::size_t bytes_max, Part same, Part at_cr);

  const Limits limits_;
  Part part_ = Part::kSize;
  int digits_ = 0;  // of the size under way
  std::uint64_t left_ = 0;
  bool last_ = false;  // the size under way, or the last one read, is 0
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace belfry::http
