// SPDX-License-Identifier: Apache-2.0
// What all REST resources read from headers and write to them. Private to this room.
#pragma once

#include <cstddef>
#include <string_view>

#include "libs/http/message.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

// application/json, with no charset but UTF-8.
bool IsJson(std::string_view content_type);
std::size_t CountHeader(const http::Request& request, std::string_view name);

// Publisher::Authenticate of the request's one Authorization header.
Result<Caller> Authenticate(const Publisher& publisher, const http::Request& request);
http::Response Unauthenticated(const Error& error);
http::Response TooLarge(std::size_t bytes_max);
http::Response NotJson();
http::Response NoSuchPath();
// `allow`: "GET, PUT"; HEAD goes with GET.
http::Response MethodNotAllowed(const http::Request& request, std::string_view allow);

// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers): what is left of the rate
// of `caller`. None if there is no limit.
void AddRateLimit(const Publisher& publisher, const Caller& caller, http::Response* response);

}  // namespace belfry::ingest
