// SPDX-License-Identifier: Apache-2.0
#include "services/edge/api/api.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "libs/common/ascii.h"
#include "libs/common/hash.h"
#include "libs/common/hex.h"
#include "libs/common/invalid_fields.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"
#include "libs/common/names.h"
#include "libs/wire/auth/jwt.h"
#include "libs/wire/codec/inbox_json.h"
#include "libs/wire/codec/notification_json.h"
#include "services/edge/http/stream_request.h"

namespace belfry::edge {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kBodyBytesMax = 16 * 1024;
constexpr std::string_view kNotYours = "no such notification: it is not this user's, or it is gone";

Error NotFound() {
  return {Code::kNotFound, std::string(kNotYours), "NOTIFICATION_NOT_FOUND", {}, {}};
}

// What of a store's error is a browser's business.
Error Outward(Error error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      return {Code::kUnavailable, "the store cannot be reached", "STORE_UNAVAILABLE", {}, {}};
    case Code::kNotFound:
      return NotFound();
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      return error;
    default:
      return {Code::kInternal, "the store failed", "STORE_FAILED", {}, {}};
  }
}

Query OwnQuery(const http::Request& request) {
  Query own = request.query;
  std::erase_if(own, [](const auto& parameter) { return NamesCaller(parameter.first); });
  return own;
}

Error Invalid(std::string field, std::string description) {
  return InvalidFields({{std::move(field), std::move(description)}});
}

Status CheckNoQuery(const http::Request& request) {
  const Query query = OwnQuery(request);
  return query.empty() ? Status() : Fail(wire::UnknownParameters(query));
}

bool IsJson(const http::Request& request) {
  const std::string_view type = request.Header("Content-Type").value_or("");
  return EqualsWithoutCase(Trim(type.substr(0, type.find(';'))), "application/json");
}

// The version of one user's answers: another user's, with the same token slot in a browser's cache,
// is another one.
std::string EtagOf(const std::string& version, const wire::Identity& identity) {
  const std::uint64_t hash =
      Fnv1a(identity.user_id, Fnv1a(std::string_view("\n", 1), Fnv1a(identity.project)));
  std::string tag = "\"" + std::to_string(hash) + "-";
  return tag + HexEncode(version) + "\"";
}

// The version in If-None-Match, if it is this user's; empty otherwise.
std::string VersionOf(const http::Request& request, const wire::Identity& identity) {
  const std::string_view header = request.Header("If-None-Match").value_or("");
  const std::string own = EtagOf("", identity);
  const std::string_view begin = std::string_view(own).substr(0, own.size() - 1);
  const std::size_t at = header.find(begin);
  if (at == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = header.substr(at + begin.size());
  return HexDecode(rest.substr(0, rest.find('"'))).value_or("");
}

Result<StateChange> WithId(StateOp op, const RouteCall& asked) {
  const std::string_view body = Trim(asked.request.body);
  if (!body.empty() && body != "{}") {
    return Fail(Invalid("(the body)", "this request takes none"));
  }
  const std::optional<EntryId> id = wire::ParseEntryId(asked.Param("id"));
  if (!id) {
    return Fail(NotFound());
  }
  StateChange change;
  change.op = op;
  change.ids = {*id};
  return change;
}

}  // namespace

// What requests need until they are answered, which may be after the Api is gone.
struct Api::Shared {
  explicit Shared(Metrics& all) : metrics(all) {}

  void Count(const std::string& route, int status, Duration took) {
    const MutexLock lock(mutex);
    const auto key = std::make_pair(route, status);
    auto counter = std::find_if(counters.begin(), counters.end(),
                                [&](const auto& kept) { return kept.first == key; });
    if (counter == counters.end()) {
      counters.emplace_back(
          key, metrics.AddCounter("belfry_edge_api_requests_total",
                                  "Requests of the browser API, by route and status.",
                                  {{"route", route}, {"code", std::to_string(status)}}));
      counter = std::prev(counters.end());
    }
    counter->second.Add();
    auto latency = latencies.find(route);
    if (latency == latencies.end()) {
      latency = latencies
                    .emplace(route, metrics.AddLatencyHistogram(
                                        "belfry_edge_api_request_seconds",
                                        "From a request of the browser API to its answer.",
                                        {{"route", route}}))
                    .first;
    }
    latency->second.Observe(std::chrono::duration<double>(took).count());
  }

  Metrics& metrics;
  std::atomic<std::int64_t> calls = 0;  // to the store, under way
  Mutex mutex;
  std::vector<std::pair<std::pair<std::string, int>, Counter>> counters BELFRY_GUARDED_BY(mutex);
  TextMap<Histogram> latencies BELFRY_GUARDED_BY(mutex);
};

// One request on its way. Used by one thread at a time.
class Api::Call {
 public:
  Call(std::shared_ptr<Shared> shared, std::shared_ptr<http::Responder> responder,
       std::string route, const Clock& clock)
      : shared_(std::move(shared)),
        responder_(std::move(responder)),
        route_(std::move(route)),
        clock_(clock),
        began_(clock.Now()) {}
  ~Call() {
    if (reserved) {
      shared_->calls.fetch_sub(1);
    }
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Send(http::Response response) {
    for (auto& header : headers) {
      response.headers.push_back(std::move(header));
    }
    response.headers.emplace_back("Cache-Control", "private, no-cache");
    response.headers.emplace_back("Vary", "Authorization, Cookie");
    shared_->Count(route_, response.status, clock_.Now() - began_);
    responder_->Send(std::move(response));
  }
  // The caller has shown good credentials.
  void NoteKnown() { responder_->NoteKnown(); }
  void SendJson(std::string body) { Send(http::Json(std::move(body))); }
  void Refuse(const Error& error) {
    http::Response response = http::Problem(error);
    response.close = error.code == Code::kUnauthenticated;  // strangers keep no connection
    Send(std::move(response));
  }

  wire::Identity identity;
  std::vector<std::pair<std::string, std::string>> headers;
  bool reserved = false;

 private:
  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<http::Responder> responder_;
  const std::string route_;
  const Clock& clock_;
  const SteadyTime began_;
};

Api::Api(ApiOptions options, Inbox& inbox, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      cross_site_(options_.cors_origins),
      inbox_(inbox),
      clock_(clock),
      rate_(options_.rate),
      shared_(std::make_shared<Shared>(metrics)) {}

Api::~Api() = default;

Api::CallPtr Api::Begin(const RouteCall& asked, std::shared_ptr<http::Responder> responder,
                        std::string_view route, Access access) {
  auto call = std::make_shared<Call>(shared_, std::move(responder), std::string(route), clock_);
  Result<wire::Identity> identity = asked.Authenticate();
  if (!identity.ok()) {
    if (identity.error().code == Code::kUnauthenticated) {
      call->headers.emplace_back("WWW-Authenticate", "Bearer");
    }
    call->Refuse(identity.error());
    return nullptr;
  }
  call->NoteKnown();
  call->identity = std::move(*identity);
  // A read takes from the user's rate.
  const bool allowed = access == Access::kChange ? cross_site_.Allows(asked.request)
                                                 : cross_site_.AllowsReading(asked.request);
  if (CookieDecides(asked.request) && !allowed) {
    call->Refuse(CrossSiteRefusal());
    return nullptr;
  }
  const UserRate::Taken taken =
      rate_.Take(call->identity.project + '\n' + call->identity.user_id, clock_.Now());
  const UserRateOptions& rate = rate_.options();
  const auto wait_s = std::chrono::ceil<std::chrono::seconds>(taken.wait).count();
  call->headers.emplace_back("RateLimit-Policy",
                             "\"user\";q=" + std::to_string(rate.burst) + ";w=" +
                                 std::to_string((rate.burst + rate.per_second - 1) /
                                                std::max<std::int64_t>(rate.per_second, 1)));
  call->headers.emplace_back(
      "RateLimit", "\"user\";r=" + std::to_string(taken.left) + ";t=" + std::to_string(wait_s));
  if (!taken.admitted) {
    call->Refuse({Code::kResourceExhausted,
                  "more than " + std::to_string(rate.per_second) + " requests a second of one user",
                  "RATE_LIMITED",
                  {},
                  std::chrono::ceil<std::chrono::milliseconds>(taken.wait)});
    return nullptr;
  }
  return call;
}

bool Api::Reserve(Call& call) {
  call.reserved = true;
  if (shared_->calls.fetch_add(1) < options_.calls_max) {
    return true;
  }
  call.Refuse({Code::kUnavailable, "too many requests wait for the store", "OVERLOADED", {}, {}});
  return false;
}

void Api::AddTo(Routes& routes) {
  AddReads(routes);
  const auto counts = [](Call& call, const StateChange&, const StateUpdated& updated) {
    if (updated.not_found.empty()) {
      call.SendJson(wire::ChangedJson(updated.counts));
    } else {
      call.Refuse(NotFound());
    }
  };
  constexpr std::array<std::pair<StateOp, std::string_view>, 4> kActions = {
      {{StateOp::kRead, "/v1/notifications/{id}/read"},
       {StateOp::kUnread, "/v1/notifications/{id}/unread"},
       {StateOp::kArchive, "/v1/notifications/{id}/archive"},
       {StateOp::kUnarchive, "/v1/notifications/{id}/unarchive"}}};
  for (const auto& [op, pattern] : kActions) {
    AddChange(
        routes, http::Method::kPost, pattern,
        [change = op](const RouteCall& asked) { return WithId(change, asked); }, counts);
  }
  AddChange(
      routes, http::Method::kDelete, "/v1/notifications/{id}",
      [](const RouteCall& asked) { return WithId(StateOp::kDelete, asked); }, counts);
  const auto body = [](Result<StateChange> (*parse)(std::string_view)) {
    return [parse](const RouteCall& asked) { return parse(asked.request.body); };
  };
  AddChange(routes, http::Method::kPost, "/v1/notifications/read-all", body(wire::ParseReadAllBody),
            counts);
  AddChange(routes, http::Method::kPost, "/v1/notifications/archive-all",
            body(wire::ParseArchiveAllBody), counts);
  AddChange(routes, http::Method::kPost, "/v1/notifications/seen", body(wire::ParseSeenBody),
            counts);
  AddChange(routes, http::Method::kPut, "/v1/preferences", body(wire::ParsePreferencesBody),
            [](Call& call, const StateChange& change, const StateUpdated& updated) {
              std::string json = wire::PreferencesJson(change.muted_kinds);
              json.back() = ',';
              call.SendJson(json + "\"counts\":" + CountsJson(updated.counts) + "}");
            });
  AddChange(routes, http::Method::kPost, "/v1/notifications/bulk", body(wire::ParseBulkBody),
            [](Call& call, const StateChange& change, const StateUpdated& updated) {
              call.SendJson(wire::BulkJson(change.ids, updated));
            });
}

void Api::AddReads(Routes& routes) {
  const auto add = [&](std::string_view pattern, auto handle) {
    routes.Add(
        http::Method::kGet, pattern, kBodyBytesMax,
        [this, route = "GET " + std::string(pattern), handle](
            const RouteCall& asked, std::shared_ptr<http::Responder> responder) {
          if (const CallPtr call = Begin(asked, std::move(responder), route, Access::kRead)) {
            handle(asked, call);
          }
        });
  };
  const auto state = [this](bool preferences) {
    return [this, preferences](const RouteCall& asked, const CallPtr& call) {
      if (const Status query = CheckNoQuery(asked.request); !query.ok()) {
        call->Refuse(query.error());
        return;
      }
      GetState(call, preferences);
    };
  };
  add("/v1/notifications",
      [this](const RouteCall& asked, const CallPtr& call) { List(asked, call); });
  add("/v1/notifications/{id}",
      [this](const RouteCall& asked, const CallPtr& call) { GetOne(asked, call); });
  add("/v1/counts", state(false));
  add("/v1/unread-count", state(false));
  add("/v1/preferences", state(true));
}

void Api::List(const RouteCall& asked, const CallPtr& call) {
  Result<ListQuery> query = wire::ParseListQuery(OwnQuery(asked.request));
  if (!query.ok()) {
    call->Refuse(query.error());
    return;
  }
  query->project = call->identity.project;
  query->user_id = call->identity.user_id;
  query->if_version = VersionOf(asked.request, call->identity);
  if (!Reserve(*call)) {
    return;
  }
  inbox_.List(std::move(*query), [call](const Result<ListPage>& page) {
    if (!page.ok()) {
      call->Refuse(Outward(page.error()));
      return;
    }
    if (!page->version.empty()) {
      call->headers.emplace_back("ETag", EtagOf(page->version, call->identity));
    }
    if (page->unchanged) {
      http::Response response;
      response.status = 304;
      call->Send(std::move(response));
      return;
    }
    Result<std::string> json = wire::ListJson(*page);
    if (json.ok()) {
      call->SendJson(std::move(*json));
    } else {
      call->Refuse(Outward(json.error()));
    }
  });
}

void Api::GetOne(const RouteCall& asked, const CallPtr& call) {
  if (const Status query = CheckNoQuery(asked.request); !query.ok()) {
    call->Refuse(query.error());
    return;
  }
  const std::optional<EntryId> id = wire::ParseEntryId(asked.Param("id"));
  if (!id) {
    call->Refuse(NotFound());
    return;
  }
  if (!Reserve(*call)) {
    return;
  }
  ListQuery query;
  query.project = call->identity.project;
  query.user_id = call->identity.user_id;
  query.limit = 1;
  query.id = *id;
  inbox_.List(std::move(query), [call](const Result<ListPage>& page) {
    if (!page.ok() || page->entries.empty()) {
      call->Refuse(page.ok() ? NotFound() : Outward(page.error()));
      return;
    }
    Result<std::string> json = wire::NotificationJson(page->entries.front());
    if (json.ok()) {
      call->SendJson(std::move(*json));
    } else {
      call->Refuse(Outward(json.error()));
    }
  });
}

void Api::GetState(const CallPtr& call, bool preferences) {
  if (!Reserve(*call)) {
    return;
  }
  ListQuery query;
  query.project = call->identity.project;
  query.user_id = call->identity.user_id;
  query.limit = 0;
  inbox_.List(std::move(query), [call, preferences](const Result<ListPage>& page) {
    if (!page.ok()) {
      call->Refuse(Outward(page.error()));
    } else {
      call->SendJson(preferences ? wire::PreferencesJson(page->muted_kinds)
                                 : CountsJson(page->counts));
    }
  });
}

void Api::AddChange(Routes& routes, http::Method method, std::string_view pattern, Parse parse,
                    OnUpdated answer) {
  const bool has_body = pattern.find('{') == std::string_view::npos;
  const std::string route = std::string(http::MethodName(method)) + " " + std::string(pattern);
  routes.Add(
      method, pattern, kBodyBytesMax,
      [this, route, has_body, parse = std::move(parse), answer = std::move(answer)](
          const RouteCall& asked, std::shared_ptr<http::Responder> responder) {
        const CallPtr call = Begin(asked, std::move(responder), route, Access::kChange);
        if (!call) {
          return;
        }
        if (has_body && !IsJson(asked.request)) {
          call->Send(http::Problem(415, {Code::kInvalidArgument,
                                         "the body must be application/json",
                                         "UNSUPPORTED_MEDIA_TYPE",
                                         {},
                                         {}}));
          return;
        }
        if (const Status query = CheckNoQuery(asked.request); !query.ok()) {
          call->Refuse(query.error());
          return;
        }
        Result<StateChange> change = parse(asked);
        if (!change.ok()) {
          call->Refuse(change.error());
          return;
        }
        if (const auto key = asked.request.Header("Idempotency-Key")) {
          if (!IsIdempotencyKey(*key)) {
            call->Refuse(Invalid("Idempotency-Key", "must be 1-128 bytes of printable ASCII"));
            return;
          }
          change->operation = *key;
        }
        if (!Reserve(*call)) {
          return;
        }
        StateUpdate update;
        update.project = call->identity.project;
        update.user_id = call->identity.user_id;
        update.change = *change;
        inbox_.Update(std::move(update), [call, answer, change = std::move(*change)](
                                             const Result<StateUpdated>& updated) {
          if (updated.ok()) {
            answer(*call, change, *updated);
          } else {
            call->Refuse(Outward(updated.error()));
          }
        });
      });
}

}  // namespace belfry::edge
