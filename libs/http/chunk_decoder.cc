// SPDX-License-Identifier: Apache-2.0
#include "libs/http/chunk_decoder.h"

#include <algorithm>

#include "libs/common/hex.h"

namespace belfry::http {
namespace {

constexpr int kDigitsMax = 15;  // fits 64 bits, leading zeros included

}  // namespace

ChunkDecoder::State ChunkDecoder::Feed(std::string_view* bytes, std::string* body) {
  while (!bytes->empty() && part_ != Part::kEnd && part_ != Part::kBroken) {
    if (part_ == Part::kData) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes->size()));
      body->append(bytes->substr(0, taken));
      bytes->remove_prefix(taken);
      left_ -= taken;
      part_ = left_ == 0 ? Part::kDataCr : Part::kData;
      continue;
    }
    part_ = Next(bytes->front());
    if (part_ != Part::kBroken) {
      bytes->remove_prefix(1);
    }
  }
  if (part_ == Part::kBroken) {
    return State::kMalformed;
  }
  return part_ == Part::kEnd ? State::kDone : State::kMore;
}

ChunkDecoder::Part ChunkDecoder::Next(char c) {
  switch (part_) {
    case Part::kSize:
      return NextOfSize(c);
    case Part::kExtension:
      return Bounded(c, &extension_bytes_, limits_.extension_bytes_max, Part::kExtension,
                     Part::kSizeLf);
    case Part::kSizeLf:
      if (c != '\n') {
        return Part::kBroken;
      }
      digits_ = 0;
      last_ = left_ == 0;
      return last_ ? Part::kTrailerStart : Part::kData;
    case Part::kDataCr:
      return c == '\r' ? Part::kDataLf : Part::kBroken;
    case Part::kDataLf:
      return c == '\n' ? Part::kSize : Part::kBroken;
    case Part::kTrailerStart:
      return c == '\r' ? Part::kEndLf
                       : Bounded(c, &trailer_bytes_, limits_.trailer_bytes_max, Part::kTrailer,
                                 Part::kTrailerLf);
    case Part::kTrailer:
      return Bounded(c, &trailer_bytes_, limits_.trailer_bytes_max, Part::kTrailer,
                     Part::kTrailerLf);
    case Part::kTrailerLf:
      return c == '\n' ? Part::kTrailerStart : Part::kBroken;
    case Part::kEndLf:
      return c == '\n' ? Part::kEnd : Part::kBroken;
    case Part::kData:
    case Part::kEnd:
    case Part::kBroken:
      break;
  }
  return Part::kBroken;
}

ChunkDecoder::Part ChunkDecoder::NextOfSize(char c) {
  if (const int digit = HexDigitValue(c); digit >= 0) {
    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
    return ++digits_ <= kDigitsMax ? Part::kSize : Part::kBroken;
  }
  if (digits_ == 0) {
    return Part::kBroken;
  }
  if (c == '\r') {
    return Part::kSizeLf;
  }
  return c == ';' ? Bounded(c, &extension_bytes_, limits_.extension_bytes_max, Part::kExtension,
                            Part::kBroken)
                  : Part::kBroken;
}

ChunkDecoder::Part ChunkDecoder::Bounded(char c, std::size_t* bytes, std::size_t bytes_max,
                                         Part same, Part at_cr) {
  if (c == '\r') {
    return at_cr;
  }
  const auto byte = static_cast<unsigned char>(c);
  const bool control = (byte < 0x20 && c != '\t') || byte == 0x7F;
  return !control && ++*bytes <= bytes_max ? same : Part::kBroken;
}

}  // namespace belfry::http
