// SPDX-License-Identifier: Apache-2.0
#include "services/edge/web/web.h"

#include <memory>
#include <string>
#include <utility>

#include "libs/common/ascii.h"
#include "libs/http/server.h"

namespace belfry::edge {
namespace {

constexpr std::string_view kForEver = "public, max-age=31536000, immutable";
constexpr std::string_view kForAWhile = "public, max-age=300";

// Calls `take` with each trimmed part of a comma-separated list.
template <typename Take>
void ForEachOf(std::string_view list, Take take) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    take(Trim(list.substr(0, comma)));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
}

// Whether the parameters of a coding, "q=0.5", refuse it.
bool Refused(std::string_view parameters) {
  const std::string_view q = Trim(parameters);
  return (q.starts_with("q=0") || q.starts_with("Q=0")) &&
         q.find_first_of("123456789") == std::string_view::npos;
}

std::string_view NameOf(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kBrotli:
      return "br";
    case Coding::kIdentity:
      break;
  }
  return "";
}

std::string_view BodyOf(const WebAsset& asset, Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return asset.gzip;
    case Coding::kBrotli:
      return asset.brotli;
    case Coding::kIdentity:
      break;
  }
  return asset.identity;
}

// Strong: each coding has its own.
std::string EtagOf(const WebAsset& asset, Coding coding) {
  std::string etag = "\"" + std::string(asset.version);
  if (coding != Coding::kIdentity) {
    etag += "-" + std::string(NameOf(coding));
  }
  return etag + "\"";
}

bool Has(std::optional<std::string_view> if_none_match, std::string_view etag) {
  bool has = false;
  ForEachOf(if_none_match.value_or(""), [&](std::string_view one) {
    if (one.starts_with("W/")) {
      one.remove_prefix(2);
    }
    has = has || one == etag || one == "*";
  });
  return has;
}

}  // namespace

Coding ChooseCoding(std::optional<std::string_view> accept_encoding) {
  bool gzip = false;
  bool brotli = false;
  ForEachOf(accept_encoding.value_or(""), [&](std::string_view one) {
    const std::size_t semicolon = one.find(';');
    const std::string_view name = Trim(one.substr(0, semicolon));
    const bool allowed = semicolon == std::string_view::npos || !Refused(one.substr(semicolon + 1));
    if (EqualsWithoutCase(name, "br")) {
      brotli = allowed;
    } else if (EqualsWithoutCase(name, "gzip")) {
      gzip = allowed;
    }
  });
  if (brotli) {
    return Coding::kBrotli;
  }
  return gzip ? Coding::kGzip : Coding::kIdentity;
}

http::Response ServeAsset(const WebAsset& asset, const http::Request& request) {
  const Coding coding = ChooseCoding(request.Header("Accept-Encoding"));
  const std::string etag = EtagOf(asset, coding);
  http::Response response;
  response.content_type = "text/javascript; charset=utf-8";
  response.headers = {
      {"ETag", etag},
      {"Cache-Control", std::string(asset.immutable ? kForEver : kForAWhile)},
      {"Vary", "Accept-Encoding"},
      {"Access-Control-Allow-Origin", "*"},
      {"Cross-Origin-Resource-Policy", "cross-origin"},
      {"X-Content-Type-Options", "nosniff"},
  };
  if (Has(request.Header("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  if (coding != Coding::kIdentity) {
    response.headers.emplace_back("Content-Encoding", NameOf(coding));
  }
  response.body = BodyOf(asset, coding);
  return response;
}

void AddWeb(Routes& routes, std::span<const WebAsset> assets) {
  for (const WebAsset& asset : assets) {
    routes.Add(http::Method::kGet, asset.path, 0,
               [&asset](const RouteCall& call, const std::shared_ptr<http::Responder>& responder) {
                 responder->Send(ServeAsset(asset, call.request));
               });
  }
}

}  // namespace belfry::edge
