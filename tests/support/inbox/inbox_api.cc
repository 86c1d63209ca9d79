// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/inbox_api.h"

#include <string_view>
#include <utility>

#include "libs/common/text.h"

namespace belfry::test {
namespace {

std::string Quote(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

std::string UpToBody(const StateChange& change) {
  std::string body = R"({"upTo":")" + std::to_string(change.up_to) + "\"";
  if (!change.kind.empty()) {
    body += ",\"kind\":" + Quote(change.kind);
  }
  if (change.only_read) {
    body += ",\"onlyRead\":true";
  }
  return body + "}";
}

template <typename Items, typename Write>
std::string ListOf(const Items& items, Write write) {
  std::string list;
  for (const auto& item : items) {
    list += (list.empty() ? "" : ",") + write(item);
  }
  return "[" + list + "]";
}

}  // namespace

InboxApi::InboxApi(const Cluster& cluster, std::string user, std::size_t edge)
    : user_(std::move(user)),
      token_(cluster.Token(user_)),
      api_key_(cluster.api_key()),
      edge_(cluster.EdgeEndpoints().at(edge % cluster.edges())),
      ingest_(cluster.ingest_http()) {}

InboxApi::Answer InboxApi::Ask(By by, const std::string& method, const std::string& path,
                               const std::string& body, const std::string& idempotency_key) const {
  const bool token = by == By::kToken;
  std::string request = method + " /v1" + (token ? "" : "/users/" + user_) + path +
                        " HTTP/1.1\r\nHost: belfry\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nAuthorization: Bearer " +
                        (token ? token_ : api_key_) +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  if (!idempotency_key.empty()) {
    request += "Idempotency-Key: " + idempotency_key + "\r\n";
  }
  auto answer = Exchange(token ? edge_ : ingest_, request + "\r\n" + body);
  if (!answer.ok()) {
    return {};
  }
  return {answer->status, std::move(answer->body)};
}

InboxApi::Answer InboxApi::AtIngest(const std::string& path, const std::string& body,
                                    const std::string& idempotency_key) const {
  std::string headers =
      "Content-Type: application/json\r\nAuthorization: Bearer " + api_key_ + "\r\n";
  if (!idempotency_key.empty()) {
    headers += "Idempotency-Key: " + idempotency_key + "\r\n";
  }
  auto answer = Post(ingest_, path, headers, body);
  if (!answer.ok()) {
    return {};
  }
  return {answer->status, std::move(answer->body)};
}

InboxApi::Answer InboxApi::Make(By by, const StateChange& change) const {
  const std::string& key = change.operation;
  const std::string all = "/notifications/";
  switch (change.op) {
    case StateOp::kReadAll:
      return Ask(by, "POST", all + "read-all", UpToBody(change), key);
    case StateOp::kArchiveAll:
      return Ask(by, "POST", all + "archive-all", UpToBody(change), key);
    case StateOp::kSeen:
      return Ask(by, "POST", all + "seen", UpToBody(change), key);
    case StateOp::kPreferences:
      return Ask(by, "PUT", "/preferences",
                 "{\"mutedKinds\":" +
                     ListOf(change.muted_kinds, [](const auto& kind) { return Quote(kind); }) + "}",
                 key);
    default:
      break;
  }
  const std::string op(NameOf(change.op));
  if (change.ids.size() > 1) {
    const std::string ids =
        ListOf(change.ids, [](EntryId id) { return "\"" + std::to_string(id) + "\""; });
    return Ask(by, "POST", all + "bulk", R"({"op":")" + op + R"(","ids":)" + ids + "}", key);
  }
  const std::string one = all + std::to_string(change.ids.front());
  return change.op == StateOp::kDelete ? Ask(by, "DELETE", one, {}, key)
                                       : Ask(by, "POST", one + "/" + op, {}, key);
}

Result<std::vector<ShownPage>> InboxApi::List(By by, const std::string& query) const {
  std::vector<ShownPage> pages;
  EntryId before = 0;
  do {
    const std::string at = before == 0 ? "" : "&before=" + std::to_string(before);
    const Answer answer = Ask(by, "GET", "/notifications?" + query + "limit=25" + at);
    if (answer.status != 200) {
      return Fail(Code::kUnavailable, "list: status " + std::to_string(answer.status));
    }
    auto page = ReadPage(answer.body);
    if (!page) {
      return Fail(Code::kDataLoss, "list: " + answer.body);
    }
    before = page->next_before;
    pages.push_back(std::move(*page));
  } while (before != 0);
  return pages;
}

}  // namespace belfry::test
