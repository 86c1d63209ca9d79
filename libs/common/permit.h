// SPDX-License-Identifier: Apache-2.0
// Room that was taken from a limited amount, given back when the permit is destroyed.
#pragma once

#include <utility>

namespace belfry {

// `Owner` gives permits out, has `void GiveBack(const Room&)`, and must outlive them. As
// thread-safe as that function; one permit belongs to one thread at a time.
template <typename Owner, typename Room>
class Permit {
 public:
  Permit() = default;  // holds none
  Permit(Owner* owner, Room room) : owner_(owner), room_(std::move(room)) {}
  Permit(Permit&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), room_(std::move(other.room_)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~Permit() { Release(); }

  void Release() {
    if (owner_ != nullptr) {
      std::exchange(owner_, nullptr)->GiveBack(room_);
    }
  }
  explicit operator bool() const { return owner_ != nullptr; }

 private:
  Owner* owner_ = nullptr;
  Room room_{};
};

}  // namespace belfry
