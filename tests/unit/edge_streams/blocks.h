// SPDX-License-Identifier: Apache-2.0
// Reads back what our own frames say, for tests of what decides on them. The framing itself is
// tested against the WHATWG parser in sse_encoder_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::edge {

struct Block {
  std::string event;  // empty: a comment, a retry or a bookmark
  std::string data;
  std::uint64_t id = 0;
  bool has_id = false;
  std::int64_t retry = -1;
  std::string comment;
};

inline std::vector<Block> BlocksOf(std::string_view bytes) {
  std::vector<Block> blocks;
  constexpr std::string_view kHeartbeat = ": hb\n";    // a line, not a block
  constexpr std::string_view kOpening = ": belfry\n";  // with the retry line after it
  while (!bytes.empty()) {
    if (bytes.starts_with(kOpening) && bytes.find('\n', kOpening.size()) != bytes.npos) {
      Block opening;
      opening.comment = "belfry";
      opening.retry = std::stoll(std::string(bytes.substr(bytes.find("retry: ") + 7, 12)));
      blocks.push_back(opening);
      bytes.remove_prefix(bytes.find('\n', kOpening.size()) + 1);
      continue;
    }
    if (bytes.starts_with(kHeartbeat)) {
      bytes.remove_prefix(kHeartbeat.size());
      blocks.push_back({"", "", 0, false, -1, "hb"});
      continue;
    }
    const std::size_t end = bytes.find("\n\n");
    if (end == std::string_view::npos) {
      blocks.push_back({"<cut>", std::string(bytes), 0, false, -1, ""});
      return blocks;
    }
    std::string_view text = bytes.substr(0, end + 1);
    bytes.remove_prefix(end + 2);
    Block block;
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(line.size() + 1);
      const std::size_t colon = line.find(": ");
      const std::string_view name = line.substr(0, colon);
      const std::string value(line.substr(colon + 2));
      if (name == "id") {
        block.id = std::stoull(value);
        block.has_id = true;
      } else if (name == "event") {
        block.event = value;
      } else if (name == "data") {
        block.data += value;
      } else if (name == "retry") {
        block.retry = std::stoll(value);
      } else if (name.empty()) {
        block.comment = value;
      }
    }
    blocks.push_back(block);
  }
  return blocks;
}

}  // namespace belfry::edge
