// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"
#include "tests/unit/boundaries/checker.h"
#include "tests/unit/boundaries/rules.h"
#include "tests/unit/boundaries/source_text.h"

namespace belfry::boundaries {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Lines(const std::vector<Violation>& violations) {
  std::vector<std::string> lines;
  for (const Violation& violation : violations) {
    lines.push_back(violation.ToString());
  }
  return lines;
}

TEST(Boundaries, HoldInThisTree) {
  const char* const root = std::getenv("BELFRY_SOURCE_DIR");
  ASSERT_NE(root, nullptr) << "run by ctest, which sets BELFRY_SOURCE_DIR";
  const Report report = CheckTree(root);
  EXPECT_GT(report.files, 50U);
  for (const Violation& violation : report.violations) {
    ADD_FAILURE() << violation.ToString();
  }
}

TEST(Boundaries, AViolationIsReportedByFileAndLine) {
  const test::TempDir dir;
  dir.Write("services/edge/core/hub.h", "#pragma once\n#include <vector>\n");
  dir.Write("services/edge/core/hub.cc",
            "#include \"services/edge/core/hub.h\"\n"
            "\n"
            "#include <boost/asio/io_context.hpp>\n");
  dir.Write("services/edge/core/notes.txt", "#include <rocksdb/db.h>\n");
  const Report report = CheckTree(dir.path());
  EXPECT_EQ(report.files, 2U);
  EXPECT_THAT(Lines(report.violations),
              ElementsAre("services/edge/core/hub.cc:3: services/edge/core/ may not include "
                          "boost/asio/io_context.hpp"));
}

TEST(Boundaries, AFileInNoRoomIsAViolation) {
  const test::TempDir dir;
  dir.Write("libs/misc/util.cc", "int x;\n");
  dir.Write("services/gateway/main.cc", "int x;\n");
  EXPECT_THAT(Lines(CheckTree(dir.path()).violations),
              ElementsAre(HasSubstr("libs/misc/util.cc:1: in no room"),
                          HasSubstr("services/gateway/main.cc:1: in no room")));
}

struct Planted {
  const char* file;
  const char* include;
};

class PlantedTest : public ::testing::TestWithParam<Planted> {};

TEST_P(PlantedTest, IsFound) {
  const auto violations =
      CheckFile(GetParam().file, "// comment\n#include " + std::string(GetParam().include) + "\n");
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].line, 2);
}

INSTANTIATE_TEST_SUITE_P(
    Includes, PlantedTest,
    ::testing::Values(
        // An outside library in the wrong room.
        Planted{"services/store/core/sequencer.cc", "<rocksdb/db.h>"},
        Planted{"services/store/grpc/service.cc", "<rocksdb/db.h>"},
        Planted{"services/store/app.cc", "<rocksdb/db.h>"},
        Planted{"services/edge/http/core_pool.cc", "<rocksdb/db.h>"},
        Planted{"services/ingest/rest/api.cc", "<boost/beast/http.hpp>"},
        Planted{"services/edge/app.cc", "<boost/beast/http.hpp>"},
        Planted{"services/edge/demo/demo.cc", "<boost/asio.hpp>"},
        Planted{"libs/wire/codec/log_codec.cc", "<grpcpp/grpcpp.h>"},
        Planted{"libs/wire/codec/log_codec.cc", "\"belfry/v1/store_service.grpc.pb.h\""},
        Planted{"services/edge/core/hub.cc", "<grpcpp/grpcpp.h>"},
        Planted{"services/edge/nats/follower.cc", "<nats/nats.h>"},
        Planted{"services/store/nats/bus.cc", "<nats.h>"},
        Planted{"libs/http/server.cc", "<openssl/ssl.h>"},
        Planted{"libs/common/config.cc", "<boost/json/value.hpp>"},
        Planted{"libs/common/entry.cc", "\"belfry/v1/log.pb.h\""},
        Planted{"services/edge/core/hub.cc", "<sys/socket.h>"},
        Planted{"services/ingest/core/batcher.cc", "<unistd.h>"},
        Planted{"services/ingest/core/batcher.cc", "<openssl/sha.h>"},
        Planted{"services/ingest/core/batcher.cc", "\"belfry/v1/notification.pb.h\""},
        Planted{"services/ingest/core/batcher.cc", "<spdlog/spdlog.h>"},
        Planted{"services/ingest/core/batcher.cc", "<curl/curl.h>"},
        // A room of ours that is none of its business.
        Planted{"services/edge/core/hub.cc", "\"services/edge/http/core_pool.h\""},
        Planted{"services/edge/core/hub.cc", "\"services/store/core/sequencer.h\""},
        Planted{"services/edge/app.cc", "\"services/store/app.h\""},
        Planted{"services/ingest/grpc/call.cc", "\"services/ingest/rest/api.h\""},
        Planted{"services/store/rocks/log/log.cc", "\"services/store/grpc/service.h\""},
        Planted{"services/store/rocks/engine/db.cc", "\"services/store/rocks/log/log.h\""},
        Planted{"services/store/run/thread.cc", "<rocksdb/db.h>"},
        Planted{"services/edge/follow/follower_thread.cc", "\"libs/wire/nats/nats.h\""},
        Planted{"services/edge/core/follower.cc", "\"services/edge/follow/backlog.h\""},
        Planted{"services/store/core/sequencer.cc", "\"libs/wire/codec/log_codec.h\""},
        Planted{"services/edge/core/hub.cc", "\"libs/http/message.h\""},
        Planted{"services/edge/core/hub.cc", "\"services/edge/options.h\""},
        Planted{"libs/common/log.cc", "\"libs/http/message.h\""},
        Planted{"libs/http/server.cc", "\"services/edge/core/hub.h\""},
        Planted{"libs/wire/codec/log_codec.cc", "\"libs/wire/rpc/status.h\""},
        Planted{"services/edge/http/core_pool.cc", "\"tests/support/wait.h\""},
        Planted{"clients/cli/main.cc", "\"services/edge/http/routes.h\""},
        // Spellings that would slip past the table.
        Planted{"services/edge/http/core_pool.cc", "\"cores.h\""},
        Planted{"services/edge/http/core_pool.cc", "\"../core/hub.h\""},
        Planted{"services/edge/http/core_pool.cc", "\"rocksdb/db.h\""},
        Planted{"services/edge/http/core_pool.cc", "ROCKS_HEADER"}));

TEST(Boundaries, WhatIsAllowedIsNotFound) {
  EXPECT_THAT(CheckFile("services/edge/core/hub.cc",
                        "#include \"services/edge/core/hub.h\"\n"
                        "#include <vector>\n"
                        "#include \"libs/common/result.h\"\n"
                        "// #include <rocksdb/db.h>\n"
                        "/*\n#include <rocksdb/db.h>\n*/\n"
                        "const char* text = R\"(\n#include <rocksdb/db.h>\n)\";\n"),
              IsEmpty());
  EXPECT_THAT(CheckFile("services/store/rocks/log/log.cc", " #  include <rocksdb/db.h>\n"),
              IsEmpty());
  EXPECT_THAT(CheckFile("libs/wire/rpc/server.cc",
                        "#include <grpcpp/server.h>\n#include \"belfry/v1/log.pb.h\"\n"),
              IsEmpty());
  EXPECT_THAT(CheckFile("libs/common/boost_json.cc", "#include <boost/json/src.hpp>\n"), IsEmpty());
}

TEST(Boundaries, TheTableNamesOnlyRoomsThatExist) {
  const char* const root = std::getenv("BELFRY_SOURCE_DIR");
  ASSERT_NE(root, nullptr);
  std::set<std::string_view> paths;
  for (const Room& room : Rooms()) {
    EXPECT_TRUE(paths.insert(room.path).second) << room.path << " twice";
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(root) / room.path)) << room.path;
  }
  for (const Room& room : Rooms()) {
    for (const std::string_view other : room.rooms) {
      EXPECT_EQ(paths.count(other), 1U) << room.path << " names " << other;
    }
  }
}

TEST(Boundaries, EveryPermissionIsUsed) {
  const char* const root = std::getenv("BELFRY_SOURCE_DIR");
  ASSERT_NE(root, nullptr);
  for (const std::string& unused : UnusedPermissions(root)) {
    ADD_FAILURE() << unused << ", and no file of it does: take it out of rules.cc";
  }
}

TEST(Boundaries, AnUnusedPermissionIsFound) {
  const test::TempDir dir;
  dir.Write("libs/http/server.cc",
            "#include <boost/asio/io_context.hpp>\n#include \"libs/common/log.h\"\n");
  const auto unused = UnusedPermissions(dir.path());
  EXPECT_THAT(unused, Contains("libs/http/ may include Beast"));
  EXPECT_THAT(unused, Contains("services/edge/http/ may include libs/http/"));
  EXPECT_THAT(unused, Not(Contains("libs/http/ may include Boost.Asio")));
  EXPECT_THAT(unused, Not(Contains("libs/http/ may include libs/common/")));
}

TEST(Expiry, IsNotLookedAtOnTheEdgeOutsideTheOneFile) {
  const std::string look =
      "// expires_us\nbool Old(const Entry& e) { return e.expires_us < Now(); }\n";
  EXPECT_THAT(Lines(CheckFile("services/edge/core/streams.cc", look)),
              ElementsAre(HasSubstr("services/edge/core/streams.cc:2: expiry is the store's")));
  EXPECT_THAT(CheckFile("services/edge/core/sent_entries.h", look), IsEmpty());
  EXPECT_THAT(CheckFile("services/store/core/round_plan.cc", look), IsEmpty());
}

TEST(PlainHashes, OfTextsAreFound) {
  for (const char* source : {"std::unordered_map<std::string, int> by_name_;\n",
                             "std::unordered_set<std::string_view> s;\n",
                             "return std::hash<std::string_view>{}(text);\n",
                             "std::unordered_map<std::string,\n  int> m;\n"}) {
    EXPECT_THAT(Lines(CheckFile("services/edge/core/streams.cc", source)),
                ElementsAre(HasSubstr("services/edge/core/streams.cc:1: a hash that strangers")))
        << source;
  }
}

TEST(PlainHashes, OfWhatStrangersDoNotChooseAreNotFound) {
  for (const char* source :
       {"std::unordered_map<EntryId, int> by_id_;\n", "TextMap<int> by_name_;\n",
        "// std::unordered_map<std::string, int>\n",
        "std::unordered_map<Key, int, KeyedHash> users_;\n"}) {
    EXPECT_THAT(CheckFile("services/edge/core/streams.cc", source), IsEmpty()) << source;
  }
}

TEST(CapturingLambdas, AreFoundInsideCoAwait) {
  EXPECT_THAT(CapturingLambdasInCoAwait("void F() {\n  co_await Run([this] { Go(); });\n}\n"),
              ElementsAre(2));
  EXPECT_THAT(CapturingLambdasInCoAwait("co_await asio::async_initiate<T, void()>(\n"
                                        "    [&state](auto handler) {},\n"
                                        "    token);\n"),
              ElementsAre(2));
  EXPECT_THAT(CapturingLambdasInCoAwait("co_await Run([ = ] {});\n"), ElementsAre(1));
  EXPECT_THAT(CapturingLambdasInCoAwait("co_await [&] { return Op(); }();\n"), ElementsAre(1));
  // After it, but in the same expression.
  EXPECT_THAT(CapturingLambdasInCoAwait("Use(co_await Run(), [this] {});\n"), ElementsAre(1));
  EXPECT_THAT(CapturingLambdasInCoAwait("if (co_await Run(\n\n[x = 1] {})) {}\n"), ElementsAre(3));
  EXPECT_THAT(CapturingLambdasInCoAwait("auto [a, b] = co_await Run(1'000, [p] {});\n"),
              ElementsAre(1));
}

TEST(CapturingLambdas, AreNotFoundWhereTheyDoNoHarm) {
  for (const char* source :
       {"auto run = [this] { Go(); };\nco_await Run(run);\n", "co_await Run([] { Go(); });\n",
        "co_await Run(values[i], map[\"k\"]);\n", "co_await Run(); Post([this] {});\n",
        "// co_await Run([this] {});\n", "const char* s = \"co_await Run([this] {})\";\n",
        "my_co_await(Run([this] {}));\n", "auto [error, size] = co_await Read(buffer);\n",
        "co_await Run(f()[0], g[1][2]);\n"}) {
    EXPECT_THAT(CapturingLambdasInCoAwait(source), IsEmpty()) << source;
  }
}

TEST(CapturingLambdas, AreAViolationWithTheirLine) {
  EXPECT_THAT(Lines(CheckFile("libs/http/server.cc", "\nco_await Run([this] {});\n")),
              ElementsAre(HasSubstr("libs/http/server.cc:2: a capturing lambda inside co_await")));
}

}  // namespace
}  // namespace belfry::boundaries
