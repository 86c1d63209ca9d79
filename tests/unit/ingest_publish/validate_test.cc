// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "libs/common/text.h"
#include "services/ingest/publish/idempotency.h"
#include "services/ingest/publish/url.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'700'000'000'000'000;

NotificationFields Good() {
  NotificationFields fields;
  fields.user_id = "alice";
  fields.title = "Hello";
  return fields;
}

std::vector<FieldViolation> Check(const NotificationFields& fields,
                                  EntryKind kind = EntryKind::kNotification,
                                  const FieldNames& names = FieldNames::Grpc()) {
  return Validate(fields, {kind, "shop", kNow}, names);
}

std::vector<std::string> Names(const std::vector<FieldViolation>& violations) {
  std::vector<std::string> names;
  for (const FieldViolation& violation : violations) {
    names.push_back(violation.field);
  }
  return names;
}

TEST(Validate, TakesTheLeastAndTheMost) {
  EXPECT_THAT(Check(Good()), IsEmpty());
  NotificationFields most = Good();
  const std::string user(kUserIdBytesMax, 'u');
  const std::string kind(kKindBytesMax, 'k');
  const std::string title(kTitleBytesMax, 't');
  const std::string body(kBodyBytesMax, 'b');
  const std::string id(kActorIdBytesMax, 'i');
  const std::string url = "/" + std::string(kUrlBytesMax - 1, 'p');
  const std::string key(kIdempotencyKeyBytesMax, '~');
  most.project = "shop";
  most.user_id = user;
  most.kind = kind;
  most.level = "warning";
  most.title = title;
  most.body = body;
  most.actor_id = id;
  most.subject_type = kind;
  most.subject_id = id;
  most.action_url = url;
  most.image_url = url;
  most.meta = MetaShape{kMetaBytesMax, kMetaDepthMax, true, false};
  most.expires_at = TimestampFields{kNow / 1'000'000, 1'000};
  most.idempotency_key = key;
  EXPECT_THAT(Check(most), IsEmpty());
}

TEST(Validate, NamesEveryBadFieldAtOnce) {
  NotificationFields bad;
  const std::string long_title(kTitleBytesMax + 1, 't');
  const std::string long_body(kBodyBytesMax + 1, 'b');
  const std::string long_id(129, 'i');
  bad.id = 7;
  bad.project = "other";
  bad.user_id = "";
  bad.kind = "has space";
  bad.level = "loud";
  bad.title = long_title;
  bad.body = long_body;
  bad.actor_id = long_id;
  bad.subject_type = "a/b";
  bad.subject_id = long_id;
  bad.action_url = "javascript:alert(1)";
  bad.image_url = "data:image/png;base64,AAAA";
  bad.meta = MetaShape{kMetaBytesMax + 1, 1, true, false};
  bad.has_created_at = true;
  bad.expires_at = TimestampFields{1, 0};
  bad.has_read_at = true;
  bad.has_archived_at = true;
  bad.broadcast_id = 1;
  bad.idempotency_key = "";
  EXPECT_THAT(
      Names(Check(bad)),
      ElementsAre("notification.id", "notification.project", "notification.user_id",
                  "notification.kind", "notification.level", "notification.title",
                  "notification.body", "notification.actor_id", "notification.subject_type",
                  "notification.subject_id", "notification.action_url", "notification.image_url",
                  "notification.meta", "notification.created_at", "notification.expires_at",
                  "notification.read_at", "notification.archived_at", "notification.broadcast_id",
                  "idempotency_key"));
  EXPECT_THAT(Names(Check(bad, EntryKind::kNotification, FieldNames::Rest())),
              ElementsAre("id", "project", "userId", "kind", "level", "title", "body", "actorId",
                          "subjectType", "subjectId", "actionUrl", "imageUrl", "meta", "createdAt",
                          "expiresAt", "readAt", "archivedAt", "broadcastId", "Idempotency-Key"));
}

TEST(Validate, ABroadcastHasNoUser) {
  EXPECT_THAT(Names(Check(Good(), EntryKind::kBroadcast)), ElementsAre("notification.user_id"));
  NotificationFields fields = Good();
  fields.user_id = {};
  EXPECT_THAT(Check(fields, EntryKind::kBroadcast), IsEmpty());
}

TEST(Validate, CountsBytesAndNotCharacters) {
  NotificationFields fields = Good();
  std::string title;
  for (int i = 0; i < 64; ++i) {
    title += "\U0001F514";  // 4 bytes each
  }
  fields.title = title;
  EXPECT_THAT(Check(fields), IsEmpty());
  title += 'x';
  fields.title = title;
  EXPECT_THAT(Check(fields), ElementsAre(FieldViolation{"notification.title",
                                                        "must be at most 256 bytes, got 257"}));
}

TEST(Validate, LevelsAreExact) {
  for (const char* level : {"Info", "INFO", " info", "info ", "debug", "critical"}) {
    NotificationFields fields = Good();
    fields.level = level;
    EXPECT_THAT(Names(Check(fields)), ElementsAre("notification.level")) << level;
  }
  for (const char* level : {"", "info", "success", "warning", "error"}) {
    NotificationFields fields = Good();
    fields.level = level;
    EXPECT_THAT(Check(fields), IsEmpty()) << level;
  }
}

TEST(Validate, UserIdsHaveNoControlCharacters) {
  using namespace std::string_view_literals;
  for (const std::string_view user :
       {"a\nb"sv, "a\rb"sv, "a\0b"sv, "\tal"sv, "a\x7f"sv, "a\xC2\x85"sv, "a\xC2\x9F"sv}) {
    NotificationFields fields = Good();
    fields.user_id = user;
    EXPECT_THAT(Names(Check(fields)), ElementsAre("notification.user_id"));
  }
  for (const std::string_view user : {"al ice"sv, "a\xC2\xA0"sv, "ålice"sv, "user:1/2"sv}) {
    NotificationFields fields = Good();
    fields.user_id = user;
    EXPECT_THAT(Check(fields), IsEmpty()) << user;
  }
}

TEST(Validate, MetaIsBoundedAndRepresentable) {
  const MetaShape bad[] = {{kMetaBytesMax + 1, 1, true, false},
                           {10, kMetaDepthMax + 1, true, false},
                           {10, 1, false, false},
                           {10, 1, true, true}};
  for (const MetaShape& meta : bad) {
    NotificationFields fields = Good();
    fields.meta = meta;
    EXPECT_THAT(Names(Check(fields)), ElementsAre("notification.meta"));
  }
}

TEST(Validate, ExpiryLiesInTheFutureAndInTheCalendar) {
  const std::int64_t now_s = kNow / 1'000'000;
  const TimestampFields bad[] = {
      {now_s, 0},           {now_s - 1, 999'999'999}, {0, 0},
      {-62'135'596'801, 0}, {253'402'300'800, 0},     {INT64_MAX, 0},
      {INT64_MIN, 0},       {now_s + 10, -1},         {now_s + 10, 1'000'000'000}};
  for (const TimestampFields& expiry : bad) {
    NotificationFields fields = Good();
    fields.expires_at = expiry;
    EXPECT_THAT(Names(Check(fields)), ElementsAre("notification.expires_at"))
        << expiry.seconds << " " << expiry.nanos;
  }
  NotificationFields fields = Good();
  fields.expires_at = TimestampFields{253'402'300'799, 999'999'999};
  EXPECT_THAT(Check(fields), IsEmpty());
}

TEST(Validate, IdempotencyKeysArePrintableAscii) {
  using namespace std::string_view_literals;
  const std::string long_key(129, 'k');
  for (const std::string_view key :
       {""sv, std::string_view(long_key), "a\nb"sv, "a\0b"sv, "ü"sv, "a\x7f"sv, "tab\t"sv}) {
    NotificationFields fields = Good();
    fields.idempotency_key = key;
    EXPECT_THAT(Names(Check(fields)), ElementsAre("idempotency_key"));
  }
}

struct UrlCase {
  const char* url;
  bool action;
  bool image;
};

TEST(Validate, UrlsAreOfAShortListOfForms) {
  const UrlCase cases[] = {
      // What producers send.
      {"https://example.com", true, true},
      {"https://example.com/a/b?c=d&e=f#g", true, true},
      {"http://127.0.0.1:8080/x", true, true},
      {"http://[::1]:8080/x", true, true},
      {"HTTPS://EXAMPLE.COM/", true, true},
      {"https://example.com:443", true, true},
      {"https://b\xC3\xBC"
       "cher.example/\xC3\xBC",
       true, true},
      {"mailto:bob@example.com", true, false},
      {"MailTo:bob@example.com?subject=x", true, false},
      {"/inbox/3", true, true},
      {"inbox/3", true, true},
      {"./a:b", true, true},
      {"../x", true, true},
      {"?page=2&x=http://y", true, true},
      {"#top:x", true, true},
      {"/a//b", true, true},
      {"/redirect?to=javascript:alert(1)", true, true},
      {"javascript%3Aalert(1)", true, true},  // a path: no browser decodes it into a scheme
      // Schemes.
      {"javascript:alert(1)", false, false},
      {"JaVaScRiPt:alert(1)", false, false},
      {"javascript://example.com/%0aalert(1)", false, false},
      {"data:text/html,<script>", false, false},
      {"data:image/png;base64,AAAA", false, false},
      {"vbscript:x", false, false},
      {"file:///etc/passwd", false, false},
      {"blob:https://example.com/1", false, false},
      {"view-source:https://example.com", false, false},
      {"ftp://example.com", false, false},
      {"intent://x#Intent;end", false, false},
      {"a:b", false, false},
      {"localhost:8080/x", false, false},
      {":foo", false, false},
      {"\xEF\xBC\x9Ajavascript:alert(1)", false, false},  // a full-width colon before it
      // What browsers strip or rewrite first.
      {" javascript:alert(1)", false, false},
      {"\tjavascript:alert(1)", false, false},
      {"java\nscript:alert(1)", false, false},
      {"java\rscript:alert(1)", false, false},
      {"java\tscript:alert(1)", false, false},
      {"\x01javascript:alert(1)", false, false},
      {"javascript\x7f:alert(1)", false, false},
      {"\xC2\xA0javascript:alert(1)", false, false},
      {"\xE2\x80\xA8/x", false, false},
      {"/x y", false, false},
      {"/\\evil.example", false, false},
      {"\\\\evil.example", false, false},
      {"https:\\\\evil.example", false, false},
      {"/\t/evil.example", false, false},
      // To another host while looking relative.
      {"//evil.example", false, false},
      {"///evil.example", false, false},
      // Half a host, a misleading one.
      {"https:example.com", false, false},
      {"https:/example.com", false, false},
      {"https:///example.com", false, false},
      {"https://", false, false},
      {"https://?x", false, false},
      {"https://:80/", false, false},
      {"https://good.example@evil.example/", false, false},
      {"https://user:pw@example.com/", false, false},
      {"https://example.com:99999/", false, false},
      {"https://example.com:8o/", false, false},
      {"https://exa%6dple.com/", false, false},
      {"http://[::1/", false, false},
      {"http://[]/", false, false},
      {"http://[x]/", false, false},
      {"mailto:", false, false},
      // Breaking out of an attribute.
      {"/x\"onclick=\"y", false, false},
      {"/<script>", false, false},
      {"/x`y", false, false},
      {"javascript&colon;alert(1)", false, false},
      {"&#106;avascript:alert(1)", false, false},
      {"&#x6A;avascript:alert(1)", false, false},
  };
  for (const UrlCase& c : cases) {
    EXPECT_EQ(UrlFault(c.url, UrlUse::kAction).empty(), c.action) << "action " << c.url;
    EXPECT_EQ(UrlFault(c.url, UrlUse::kImage).empty(), c.image) << "image " << c.url;
  }
}

TEST(Validate, RefusesMalformedUtf8InEveryText) {
  const char* const bad[] = {
      "\x80",              // a lone continuation
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong
      "\xE0\x80\xAF",      // overlong slash
      "\xF0\x80\x80\xAF",  // overlong slash
      "\xED\xA0\x80",      // a surrogate
      "\xED\xBF\xBF",      // a surrogate
      "\xF4\x90\x80\x80",  // beyond U+10FFFF
      "\xF5\x80\x80\x80",  // no such lead
      "\xFF",
      "\xC3",          // cut short
      "\xE2\x82",      // cut short
      "\xF0\x9F\x94",  // cut short
      "a\xC3(",
  };
  for (const char* text : bad) {
    EXPECT_FALSE(IsUtf8(text));
    NotificationFields fields = Good();
    fields.user_id = fields.kind = fields.title = fields.body = fields.actor_id =
        fields.subject_type = fields.subject_id = fields.action_url = fields.image_url = text;
    EXPECT_THAT(Names(Check(fields)),
                ElementsAre("notification.user_id", "notification.kind", "notification.title",
                            "notification.body", "notification.actor_id",
                            "notification.subject_type", "notification.subject_id",
                            "notification.action_url", "notification.image_url"));
  }
  for (const char* text : {"\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "plain"}) {
    EXPECT_TRUE(IsUtf8(text));
  }
}

TEST(Validate, NeverRepeatsWhatTheProducerSent) {
  NotificationFields fields = Good();
  fields.kind = "secret word";
  fields.action_url = "secret:word";
  fields.level = "secret";
  for (const FieldViolation& violation : Check(fields)) {
    EXPECT_EQ(violation.description.find("secret"), std::string::npos) << violation.description;
  }
}

TEST(Idempotency, MadeKeysAreRandomAndFit) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = MakeIdempotencyKey();
    EXPECT_EQ(key.size(), 32u);
    EXPECT_EQ(key.find_first_not_of("0123456789abcdef"), std::string::npos);
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 1000u);
}

}  // namespace
}  // namespace belfry::ingest
