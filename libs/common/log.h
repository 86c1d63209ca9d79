// SPDX-License-Identifier: Apache-2.0
// Structured logs: one JSON object a line on stderr, or a readable form on a terminal.
//
//   log.Info("listening", {{"address", address}, {"partitions", 16}});
//   -> {"ts":"2026-11-21T10:00:00.123456Z","level":"info","service":"store","room":"grpc",
//       "msg":"listening","address":"127.0.0.1:7200","partitions":16}
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "libs/common/result.h"

namespace spdlog {
class logger;
}

namespace belfry {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat { kAuto, kJson, kConsole };  // kAuto: console on a terminal, else JSON

// One field of a line. The value is copied into the line before the call returns.
struct LogField {
  template <typename T>
  requires std::constructible_from<std::string_view, T> LogField(std::string_view n, const T& v)
      : name(n), value(std::string_view(v)) {}
  LogField(std::string_view n, bool v) : name(n), value(v) {}
  LogField(std::string_view n, std::signed_integral auto v) : name(n), value(std::int64_t{v}) {}
  LogField(std::string_view n, std::unsigned_integral auto v) : name(n), value(std::uint64_t{v}) {}
  LogField(std::string_view n, std::floating_point auto v) : name(n), value(double{v}) {}
  LogField(std::string_view n, const Error& v) : name(n), value(v.ToString()) {}

  std::string_view name;
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view, std::string> value;
};

// Writes one room's lines. Copied freely; thread-safe; one made by default writes no lines (tests).
// Text from outside is escaped: it can never break a line.
class Log {
 public:
  Log() = default;
  // Writes to stderr as `service` ("store").
  static Log Make(std::string service, LogLevel level, LogFormat format);
  // The same with another room's name in its lines.
  Log Room(std::string room) const;

  using Fields = std::initializer_list<LogField>;
  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;
  void Flush() const;

 private:
  void Write(LogLevel level, std::string_view message, Fields fields) const;

  std::shared_ptr<spdlog::logger> logger_;
  std::string service_;
  std::string room_;
  bool json_ = true;
};

}  // namespace belfry
