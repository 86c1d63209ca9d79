// SPDX-License-Identifier: Apache-2.0
#include "libs/common/record_fields.h"

#include <algorithm>

#include "libs/common/big_endian.h"

namespace belfry {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kTagAndLengthBytes = 5;

// What stands before each field's value.
void AppendHeader(std::string& bytes, std::uint8_t tag, std::uint64_t size) {
  AppendNumber(bytes, tag, 1);
  AppendNumber(bytes, size, 4);
}

}  // namespace

RecordWriter::RecordWriter() : bytes_(1, kVersion) {}

void RecordWriter::Put(std::uint8_t tag, std::string_view value) {
  AppendHeader(bytes_, tag, value.size());
  bytes_ += value;
}

void RecordWriter::PutNumber(std::uint8_t tag, std::uint64_t number) {
  if (number != 0) {
    AppendHeader(bytes_, tag, 8);
    AppendNumber(bytes_, number);
  }
}

void RecordWriter::PutPair(std::uint8_t tag, std::uint64_t first, std::uint64_t second) {
  if (first != 0 || second != 0) {
    AppendHeader(bytes_, tag, 16);
    AppendNumber(bytes_, first);
    AppendNumber(bytes_, second);
  }
}

std::string RecordWriter::Take(std::string_view unknown_fields) {
  bytes_ += unknown_fields;
  return std::move(bytes_);
}

RecordReader::RecordReader(std::string_view bytes) : rest_(bytes) {
  good_ = !rest_.empty() && rest_.front() == kVersion;
  rest_.remove_prefix(good_ ? 1 : rest_.size());
}

bool RecordReader::Next() {
  if (rest_.empty()) {
    return false;
  }
  const std::uint64_t size =
      rest_.size() < kTagAndLengthBytes ? rest_.size() : ReadNumber(rest_.substr(1, 4));
  if (size > rest_.size() - std::min(rest_.size(), kTagAndLengthBytes)) {
    good_ = false;
    rest_ = {};
    return false;
  }
  tag_ = static_cast<std::uint8_t>(rest_.front());
  field_ = rest_.substr(0, kTagAndLengthBytes + size);
  value_ = field_.substr(kTagAndLengthBytes);
  rest_.remove_prefix(field_.size());
  return true;
}

std::optional<std::uint64_t> RecordReader::Number() const {
  return value_.size() == 8 ? std::optional(ReadNumber(value_)) : std::nullopt;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> RecordReader::Pair() const {
  if (value_.size() != 16) {
    return std::nullopt;
  }
  return std::pair(ReadNumber(value_.substr(0, 8)), ReadNumber(value_.substr(8)));
}

}  // namespace belfry
