// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/commit_batch.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/check.h"
#include "libs/common/revocation.h"
#include "libs/common/text.h"

namespace belfry::store {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kEntry = 1;
constexpr std::uint8_t kPosition = 2;
constexpr std::uint8_t kPut = 3;
constexpr std::uint8_t kRemove = 4;
constexpr std::uint8_t kOwnBody = 0;
constexpr std::uint8_t kBodyOfTheEntryBefore = 1;

// All but the texts of an entry: tag, id, prev, kind, partition, two times, broadcast's id, what it
// replaces, how many that makes, whether it is critical, three lengths, where its body is.
constexpr std::size_t kEntryBytes = 1 + 8 + 8 + 1 + 4 + 8 + 8 + 8 + 8 + 4 + 1 + 1 + 1 + 1 + 1;
constexpr std::size_t kBodyLengthBytes = 4;
constexpr std::size_t kPositionBytes = 1 + 4 + 8 + 8;
constexpr std::size_t kPutBytes = 1 + 1 + 2 + 4;
constexpr std::size_t kRemoveBytes = 1 + 1 + 2;

// A broadcast's entries follow each other, with one body.
bool SharesBody(const Entry* before, const Entry& entry) {
  return before != nullptr && entry.broadcast_id != 0 &&
         entry.broadcast_id == before->broadcast_id && entry.payload == before->payload;
}

class Writer {
 public:
  explicit Writer(std::size_t bytes) { out_.reserve(bytes); }

  void Number(std::uint64_t number, int bytes) { AppendNumber(out_, number, bytes); }
  void Text(std::string_view text, int length_bytes) {
    Number(text.size(), length_bytes);
    out_ += text;
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t Number(std::size_t bytes) { return ReadNumber(Take(bytes)); }
  std::string_view Text(std::size_t length_bytes) {
    return Take(static_cast<std::size_t>(Number(length_bytes)));
  }
  bool good() const { return good_; }
  bool done() const { return good_ && rest_.empty(); }

 private:
  std::string_view Take(std::size_t bytes) {
    if (bytes > rest_.size()) {
      good_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

bool IsTime(std::int64_t unix_us) { return unix_us >= kUnixMicrosMin && unix_us <= kUnixMicrosMax; }

bool MakesSense(const Entry& entry) {
  return entry.id > 0 && entry.id <= kEntryIdMax && entry.prev < entry.id &&
         entry.kind >= EntryKind::kNotification && entry.kind <= EntryKind::kKicked &&
         entry.partition < kPartitionsMax && IsTime(entry.created_us) && IsTime(entry.expires_us) &&
         entry.replaces < entry.id && IsUtf8(entry.project) && IsUtf8(entry.user_id) &&
         IsUtf8(entry.notification_kind);
}

void Write(const Entry& entry, const Entry* before, Writer& out) {
  out.Number(kEntry, 1);
  out.Number(entry.id, 8);
  out.Number(entry.prev, 8);
  out.Number(static_cast<std::uint8_t>(entry.kind), 1);
  out.Number(entry.partition, 4);
  out.Number(static_cast<std::uint64_t>(entry.created_us), 8);
  out.Number(static_cast<std::uint64_t>(entry.expires_us), 8);
  out.Number(entry.broadcast_id, 8);
  out.Number(entry.replaces, 8);
  out.Number(entry.collapsed_count, 4);
  out.Number(entry.critical ? 1 : 0, 1);
  out.Text(entry.notification_kind, 1);
  out.Text(entry.project, 1);
  out.Text(entry.user_id, 1);
  if (SharesBody(before, entry)) {
    out.Number(kBodyOfTheEntryBefore, 1);
  } else {
    out.Number(kOwnBody, 1);
    out.Text(entry.payload.view(), kBodyLengthBytes);
  }
}

// std::nullopt: it makes no sense, or is not what Write writes.
std::optional<Entry> ReadEntry(Reader& in, const Entry* before) {
  Entry entry;
  entry.id = in.Number(8);
  entry.prev = in.Number(8);
  entry.kind = static_cast<EntryKind>(in.Number(1));
  entry.partition = static_cast<Partition>(in.Number(4));
  entry.created_us = static_cast<std::int64_t>(in.Number(8));
  entry.expires_us = static_cast<std::int64_t>(in.Number(8));
  entry.broadcast_id = in.Number(8);
  entry.replaces = in.Number(8);
  entry.collapsed_count = static_cast<std::uint32_t>(in.Number(4));
  const std::uint64_t critical = in.Number(1);
  entry.critical = critical == 1;
  entry.notification_kind = in.Text(1);
  entry.project = in.Text(1);
  entry.user_id = in.Text(1);
  const std::uint64_t body = in.Number(1);
  if (body == kBodyOfTheEntryBefore && before != nullptr) {
    entry.payload = before->payload;
  } else if (body == kOwnBody) {
    entry.payload = std::string(in.Text(kBodyLengthBytes));
  } else {
    return std::nullopt;
  }
  const bool shares = SharesBody(before, entry);
  if (!in.good() || critical > 1 || !MakesSense(entry) ||
      shares != (body == kBodyOfTheEntryBefore)) {
    return std::nullopt;
  }
  return entry;
}

bool IsTable(std::uint64_t number) {
  return number >= static_cast<std::uint8_t>(Table::kUsers) &&
         number <= static_cast<std::uint8_t>(Table::kBodies);
}

}  // namespace

std::size_t CommitBatch::EntryBytesMax(std::string_view project, std::string_view user_id,
                                       std::string_view kind) {
  return kEntryBytes + kBodyLengthBytes + project.size() + user_id.size() + kind.size();
}

void CommitBatch::Add(EntryPtr entry) {
  BELFRY_CHECK(entry->project.size() <= 255 && entry->user_id.size() <= 255 &&
               entry->notification_kind.size() <= 255);
  BELFRY_CHECK_LE(entry->payload.size(), std::numeric_limits<std::uint32_t>::max());
  encoded_bytes_ +=
      kEntryBytes + entry->project.size() + entry->user_id.size() + entry->notification_kind.size();
  if (!SharesBody(entries_.empty() ? nullptr : entries_.back().get(), *entry)) {
    encoded_bytes_ += kBodyLengthBytes + entry->payload.size();
  }
  entries_.push_back(std::move(entry));
}

void CommitBatch::Move(const PartitionPosition& position) {
  encoded_bytes_ += kPositionBytes;
  positions_.push_back(position);
}

void CommitBatch::Put(Table table, std::string key, std::string value) {
  BELFRY_CHECK_LE(key.size(), std::numeric_limits<std::uint16_t>::max());
  BELFRY_CHECK_LE(value.size(), std::numeric_limits<std::uint32_t>::max());
  encoded_bytes_ += kPutBytes + key.size() + value.size();
  rows_.push_back({table, std::move(key), std::move(value)});
}

void CommitBatch::Remove(Table table, std::string key) {
  BELFRY_CHECK_LE(key.size(), std::numeric_limits<std::uint16_t>::max());
  encoded_bytes_ += kRemoveBytes + key.size();
  rows_.push_back({table, std::move(key), std::nullopt});
}

std::string CommitBatch::Encode() const {
  Writer out(encoded_bytes_);
  out.Number(kVersion, 1);
  out.Number(entries_.size() + positions_.size() + rows_.size(), 4);
  const Entry* before = nullptr;
  for (const EntryPtr& entry : entries_) {
    Write(*entry, before, out);
    before = entry.get();
  }
  for (const PartitionPosition& position : positions_) {
    out.Number(kPosition, 1);
    out.Number(position.partition, 4);
    out.Number(position.last_id, 8);
    out.Number(position.floor, 8);
  }
  for (const RowChange& row : rows_) {
    out.Number(row.value ? kPut : kRemove, 1);
    out.Number(static_cast<std::uint8_t>(row.table), 1);
    out.Text(row.key, 2);
    if (row.value) {
      out.Text(*row.value, 4);
    }
  }
  return out.Take();
}

Result<CommitBatch> CommitBatch::Decode(std::string_view bytes) {
  const auto malformed = [](const std::string& why) {
    return Fail(Code::kDataLoss, "decode a commit: " + why);
  };
  Reader in(bytes);
  if (const std::uint64_t version = in.Number(1); version != kVersion) {
    return malformed("its version is " + std::to_string(version));
  }
  CommitBatch batch;
  const std::uint64_t changes = in.Number(4);
  std::uint64_t last_tag = kEntry;
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::uint64_t tag = in.Number(1);
    // Entries, then positions, then rows, those in any order.
    if (!in.good() || tag < std::min<std::uint64_t>(last_tag, kPut) || tag > kRemove) {
      return malformed("change " + std::to_string(i) + " is none");
    }
    last_tag = tag;
    if (tag == kEntry) {
      auto entry = ReadEntry(in, batch.entries_.empty() ? nullptr : batch.entries_.back().get());
      if (!entry) {
        return malformed("an entry makes no sense");
      }
      batch.Add(std::make_shared<const Entry>(*std::move(entry)));
    } else if (tag == kPosition) {
      PartitionPosition position;
      position.partition = static_cast<Partition>(in.Number(4));
      position.last_id = in.Number(8);
      position.floor = in.Number(8);
      if (!in.good() || position.partition >= kPartitionsMax || position.last_id > kEntryIdMax ||
          position.floor > position.last_id) {
        return malformed("a position makes no sense");
      }
      batch.Move(position);
    } else {
      const std::uint64_t table = in.Number(1);
      std::string key(in.Text(2));
      std::string value(tag == kPut ? in.Text(4) : std::string_view());
      if (!in.good() || !IsTable(table)) {
        return malformed("a row makes no sense");
      }
      if (tag == kPut) {
        batch.Put(static_cast<Table>(table), std::move(key), std::move(value));
      } else {
        batch.Remove(static_cast<Table>(table), std::move(key));
      }
    }
  }
  if (!in.done()) {
    return malformed("it is too short or too long");
  }
  BELFRY_CHECK_EQ(batch.encoded_bytes_, bytes.size());
  return batch;
}

}  // namespace belfry::store
