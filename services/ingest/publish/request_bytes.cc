// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/request_bytes.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>

#include "belfry/v1/notify_service.pb.h"
#include "libs/common/text.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr int kNestingMax = 100;  // protobuf's own

Error Malformed() {
  return {Code::kInvalidArgument,
          "parse the request: not a valid protobuf message, or nested more than " +
              std::to_string(kNestingMax) + " deep",
          "MALFORMED_MESSAGE",
          {},
          {}};
}

bool ParseInto(std::string_view bytes, google::protobuf::Message* request) {
  return bytes.size() <= INT32_MAX &&
         request->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// Calls `on_field(number, begin, length)` for each length-delimited field at the top. False if
// `bytes` are malformed.
template <typename OnField>
bool ForEachField(std::string_view bytes, const OnField& on_field) {
  if (bytes.size() > INT32_MAX) {
    return false;
  }
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) {
        return false;
      }
      continue;
    }
    std::uint32_t length = 0;
    if (!in.ReadVarint32(&length)) {
      return false;
    }
    const auto begin = static_cast<std::size_t>(in.CurrentPosition());
    if (length > bytes.size() - begin) {
      return false;
    }
    on_field(WireFormatLite::GetTagFieldNumber(tag), begin, std::size_t{length});
    if (!in.Skip(static_cast<int>(length))) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

// Makes every string in a message's bytes UTF-8 without moving anything, and notes whose was not.
class Utf8Repair {
 public:
  explicit Utf8Repair(std::string bytes) : bytes_(std::move(bytes)) {}

  void Run(const Descriptor* type) { Walk(type, 0, bytes_.size(), "", false, 0); }
  const std::string& bytes() const { return bytes_; }
  std::vector<FieldViolation> TakeViolations() { return std::move(violations_); }

 private:
  // `inside`: `path` is whole already; what lies deeper (a key of `meta`) is reported as that
  // field.
  void Walk(const Descriptor* type, std::size_t begin, std::size_t length, const std::string& path,
            bool inside, int depth) {
    if (depth >= kNestingMax) {
      return;
    }
    const auto on_field = [&](int number, std::size_t at, std::size_t size) {
      const FieldDescriptor* field = type->FindFieldByNumber(number);
      if (field == nullptr) {
        return;
      }
      const std::string name = inside         ? path
                               : path.empty() ? field->name()
                                              : path + "." + field->name();
      if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
        const bool foreign = field->message_type()->file()->package() == "google.protobuf";
        Walk(field->message_type(), begin + at, size, name, inside || foreign, depth + 1);
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        Check(begin + at, size, name);
      }
    };
    // Malformed inside: the second parse says so.
    (void)ForEachField(std::string_view(bytes_).substr(begin, length), on_field);
  }

  void Check(std::size_t begin, std::size_t length, const std::string& name) {
    if (IsUtf8(std::string_view(bytes_).substr(begin, length))) {
      return;
    }
    const auto first = bytes_.begin() + static_cast<std::ptrdiff_t>(begin);
    std::replace_if(
        first, first + static_cast<std::ptrdiff_t>(length),
        [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
    const bool known =
        std::any_of(violations_.begin(), violations_.end(),
                    [&name](const FieldViolation& other) { return other.field == name; });
    if (!known) {
      violations_.push_back({name, "must be valid UTF-8"});
    }
  }

  std::string bytes_;
  std::vector<FieldViolation> violations_;
};

// What all requests to publish have in common; the rest stays in `request`.
template <typename Request>
Result<PublishRequest> Parse(std::string_view bytes, Request* request) {
  PublishRequest wanted;
  if (!ParseInto(bytes, request)) {
    Utf8Repair repair{std::string(bytes)};
    repair.Run(Request::descriptor());
    request->Clear();
    if (!ParseInto(repair.bytes(), request)) {
      return Fail(Malformed());
    }
    wanted.violations = repair.TakeViolations();
  }
  wanted.notification = std::move(*request->mutable_notification());
  if (!request->idempotency_key().empty()) {
    wanted.idempotency_key = std::move(*request->mutable_idempotency_key());
  }
  return wanted;
}

template <typename Request>
std::vector<std::string> TakeExcluded(Request* request) {
  return {std::make_move_iterator(request->mutable_exclude_user_ids()->begin()),
          std::make_move_iterator(request->mutable_exclude_user_ids()->end())};
}

}  // namespace

Result<PublishRequest> ParseNotifyRequest(std::string_view bytes, EntryKind kind) {
  if (kind != EntryKind::kBroadcast) {
    v1::NotifyRequest request;
    return Parse(bytes, &request);
  }
  v1::BroadcastRequest request;
  auto wanted = Parse(bytes, &request);
  if (wanted.ok()) {
    wanted->kind = kind;
    wanted->exclude_user_ids = TakeExcluded(&request);
  }
  return wanted;
}

Result<PublishRequest> ParseSegmentRequest(std::string_view bytes) {
  v1::NotifySegmentRequest request;
  auto wanted = Parse(bytes, &request);
  if (wanted.ok()) {
    wanted->segment = std::move(*request.mutable_segment());
    wanted->exclude_user_ids = TakeExcluded(&request);
  }
  return wanted;
}

Result<std::vector<std::string_view>> SplitBatch(std::string_view bytes) {
  std::vector<std::string_view> items;
  std::size_t count = 0;
  const auto on_field = [&](int number, std::size_t begin, std::size_t length) {
    if (number != v1::NotifyBatchRequest::kItemsFieldNumber) {
      return;
    }
    if (++count <= kBatchItemsMax) {
      items.push_back(bytes.substr(begin, length));
    }
  };
  if (!ForEachField(bytes, on_field)) {
    return Fail(Malformed());
  }
  if (count == 0 || count > kBatchItemsMax) {
    return Fail(BatchSizeError("items", count));
  }
  return items;
}

Result<std::string_view> StreamItem(std::string_view bytes) {
  std::string_view item;
  const auto on_field = [&](int number, std::size_t begin, std::size_t length) {
    if (number == v1::NotifyStreamRequest::kItemFieldNumber) {
      item = bytes.substr(begin, length);
    }
  };
  if (!ForEachField(bytes, on_field)) {
    return Fail(Malformed());
  }
  return item;
}

Error BatchSizeError(std::string field, std::size_t count) {
  return InvalidFields({{std::move(field), "must have 1-" + std::to_string(kBatchItemsMax) +
                                               " items, got " + std::to_string(count)}});
}

}  // namespace belfry::ingest
