// SPDX-License-Identifier: Apache-2.0
// Immutable bytes with any number of owners: a broadcast's body is one copy in memory, however many
// partitions' entries refer to it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace belfry {

// Copies share the bytes. As thread-safe as a std::shared_ptr to a constant.
class Payload {
 public:
  Payload() = default;
  // Implicit, as a std::string is taken wherever bytes become a payload.
  Payload(std::string bytes)
      : bytes_(bytes.empty() ? nullptr : std::make_shared<const std::string>(std::move(bytes))) {}
  Payload(std::string_view bytes) : Payload(std::string(bytes)) {}
  Payload(const char* text) : Payload(std::string(text)) {}

  // Valid as long as any owner of the bytes is.
  const std::string& str() const {
    static const std::string kEmpty;
    return bytes_ ? *bytes_ : kEmpty;
  }
  std::string_view view() const { return str(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  bool empty() const { return !bytes_; }
  // Whether both are the same copy.
  bool SharesWith(const Payload& other) const { return bytes_ == other.bytes_; }

  friend bool operator==(const Payload& a, const Payload& b) {
    return a.bytes_ == b.bytes_ || a.str() == b.str();
  }

 private:
  std::shared_ptr<const std::string> bytes_;  // null: empty
};

}  // namespace belfry
