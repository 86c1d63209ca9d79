// SPDX-License-Identifier: Apache-2.0
// The bytes of records that grow: a version (1), then fields, each a tag (one byte), a length (u32)
// and so many bytes. A field that is zero or empty is left out; numbers are u64, big-endian. A
// reader keeps the fields that it does not know, so that an older process loses nothing. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace belfry {

class RecordWriter {
 public:
  RecordWriter();

  void Put(std::uint8_t tag, std::string_view value);
  void PutNumber(std::uint8_t tag, std::uint64_t number);
  // Left out when both are zero.
  void PutPair(std::uint8_t tag, std::uint64_t first, std::uint64_t second);
  // Fields that a reader has kept, as they are.
  std::string Take(std::string_view unknown_fields);

 private:
  std::string bytes_;
};

class RecordReader {
 public:
  // `bytes` must outlive it.
  explicit RecordReader(std::string_view bytes);

  // To the next field; false behind the last one, or when the bytes are malformed.
  bool Next();
  std::uint8_t tag() const { return tag_; }
  std::string_view value() const { return value_; }
  // Tag, length and value, for a reader that keeps the field.
  std::string_view field() const { return field_; }
  // What the value says; std::nullopt: it has another length.
  std::optional<std::uint64_t> Number() const;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> Pair() const;

  // Whether all bytes read so far were a record of this version.
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  std::string_view field_;
  std::string_view value_;
  std::uint8_t tag_ = 0;
  bool good_ = true;
};

}  // namespace belfry
