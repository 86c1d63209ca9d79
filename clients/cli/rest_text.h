// SPDX-License-Identifier: Apache-2.0
// Requests to ingest's REST, and what is in its answers. Pure. Private to this room.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::cli {

// For a path or a query: percent-encoded.
std::string Encoded(std::string_view text);
// As a JSON string, and as a list of them.
std::string Quoted(std::string_view text);
std::string List(const std::vector<std::string>& texts);

// A member of an object; null if there is none.
const boost::json::value* Member(const boost::json::value& value, std::string_view name);
// A member's text, empty if it has none; a member's whole number, "?" if it is none.
std::string Text(const boost::json::value& value, std::string_view name);
std::string Number(const boost::json::value& value, std::string_view name);
// The strings of a member that is a list, as they can be printed.
std::vector<std::string> Texts(const boost::json::value& value, std::string_view name);

}  // namespace belfry::cli
