// SPDX-License-Identifier: Apache-2.0
// A settings file, read strictly: the flat part of TOML, one `key = value` a line. Internal to this
// room. CLI11's own reader is not used: it cuts a quoted value at '#', takes an unclosed bracket's
// value from the following lines, and knows neither a repeated key nor a line's number.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belfry::config {

// One `key = value`; an array's items are joined with commas.
struct FileEntry {
  std::string key;
  std::string value;
  int line = 0;  // from 1
};

// One line that cannot be read.
struct FileMistake {
  int line = 0;
  std::string text;     // the line
  std::string allowed;  // what is allowed there
};

struct FileContent {
  std::vector<FileEntry> entries;     // in the file's order; a key may occur more than once
  std::vector<FileMistake> mistakes;  // all of them
};

// Values: "basic" strings with TOML's escapes, 'literal' ones, bare words (numbers, true, 20s,
// 64KiB), and arrays of them on one line. Comments from '#' to the line's end.
FileContent ParseFile(std::string_view text);

}  // namespace belfry::config
