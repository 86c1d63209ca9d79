// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/rocks_filters.h"

#include <algorithm>

#include "services/store/core/key_codec.h"
#include "services/store/core/revocation_rows.h"

namespace belfry::store {
namespace {

bool IsBelow(const Floors& floors, Partition partition, EntryId id) {
  return partition < floors.size() && id <= floors[partition].load(std::memory_order_acquire);
}

class FloorFilter final : public rocksdb::CompactionFilter {
 public:
  explicit FloorFilter(const Floors& floors) : floors_(floors) {}
  const char* Name() const override { return "belfry.FloorFilter"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice&, std::string*,
              bool*) const override {
    const auto place = PlaceOf(View(key));
    return place && IsBelow(floors_, place->partition, place->id);
  }

 private:
  const Floors& floors_;
};

class CollapseFilter final : public rocksdb::CompactionFilter {
 public:
  explicit CollapseFilter(const Floors& floors) : floors_(floors) {}
  const char* Name() const override { return "belfry.CollapseFilter"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const auto place = PlaceOf(View(key));
    const auto id = DecodeNumber(View(value));
    return place && id && IsBelow(floors_, place->partition, *id);
  }

 private:
  const Floors& floors_;
};

// Of filters that go by the floors as they are at that moment.
template <typename Filter>
class FloorsFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  FloorsFilterFactory(const Floors& floors, const char* name) : floors_(floors), name_(name) {}
  const char* Name() const override { return name_; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<Filter>(floors_);
  }

 private:
  const Floors& floors_;
  const char* const name_;
};

class BodyFilter final : public rocksdb::CompactionFilter {
 public:
  explicit BodyFilter(EntryId floor) : floor_(floor) {}
  const char* Name() const override { return "belfry.BodyFilter"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice&, std::string*,
              bool*) const override {
    const auto id = IdOf(View(key));
    return id && *id <= floor_;
  }

 private:
  const EntryId floor_;
};

class BodyFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit BodyFilterFactory(const Floors& floors) : floors_(floors) {}
  const char* Name() const override { return "belfry.BodyFilterFactory"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    EntryId lowest = floors_.empty() ? 0 : kEntryIdMax;
    for (const auto& floor : floors_) {
      lowest = std::min(lowest, floor.load(std::memory_order_acquire));
    }
    return std::make_unique<BodyFilter>(lowest);
  }

 private:
  const Floors& floors_;
};

class KeyExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit KeyExpiryFilter(std::int64_t now_us) : now_us_(now_us) {}
  const char* Name() const override { return "belfry.KeyExpiryFilter"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const auto record = DecodeIdempotencyRecord(View(value));
    return record && record->expires_us <= now_us_;
  }

 private:
  const std::int64_t now_us_;
};

class RevocationFilter final : public rocksdb::CompactionFilter {
 public:
  explicit RevocationFilter(std::int64_t now_us) : now_us_(now_us) {}
  const char* Name() const override { return "belfry.RevocationFilter"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    const auto revocation = DecodeRevocation(View(key), View(value));
    return revocation && revocation->at_us + kRevocationKeptSeconds * 1'000'000 <= now_us_;
  }

 private:
  const std::int64_t now_us_;
};

// Of filters that go by the time at that moment.
template <typename Filter>
class TimeFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  TimeFilterFactory(const Clock& clock, const char* name) : clock_(clock), name_(name) {}
  const char* Name() const override { return name_; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<Filter>(clock_.ExpiryMicros());
  }

 private:
  const Clock& clock_;
  const char* const name_;
};

class UserPrefixExtractor final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "belfry.UserPrefix"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - 8};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > 8; }
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeFloorFilter(const Floors& floors) {
  return std::make_shared<FloorsFilterFactory<FloorFilter>>(floors, "belfry.FloorFilterFactory");
}

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeBodyFilter(const Floors& floors) {
  return std::make_shared<BodyFilterFactory>(floors);
}

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeCollapseFilter(const Floors& floors) {
  return std::make_shared<FloorsFilterFactory<CollapseFilter>>(floors,
                                                               "belfry.CollapseFilterFactory");
}

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeKeyExpiryFilter(const Clock& clock) {
  return std::make_shared<TimeFilterFactory<KeyExpiryFilter>>(clock,
                                                              "belfry.KeyExpiryFilterFactory");
}

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeRevocationFilter(const Clock& clock) {
  return std::make_shared<TimeFilterFactory<RevocationFilter>>(clock,
                                                               "belfry.RevocationFilterFactory");
}

std::shared_ptr<const rocksdb::SliceTransform> MakeUserPrefixExtractor() {
  return std::make_shared<UserPrefixExtractor>();
}

}  // namespace belfry::store
