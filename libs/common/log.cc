// SPDX-License-Identifier: Apache-2.0
#include "libs/common/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <type_traits>

#include "libs/common/text.h"
#include "libs/common/time_text.h"

namespace belfry {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warn", "error", "off"};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      break;
  }
  return spdlog::level::off;
}

std::int64_t UnixMicrosNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

template <typename Number>
void AppendNumber(Number number, std::string* line) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  line->append(text.data(), end);
}

void AppendJsonValue(const LogField& field, std::string* line) {
  std::visit(
      [line](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>) {
          *line += value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isfinite(value)) {
            AppendNumber(value, line);
          } else {
            *line += "null";  // JSON has no word for it
          }
        } else if constexpr (std::is_arithmetic_v<T>) {
          AppendNumber(value, line);
        } else {
          AppendJsonString(value, line);
        }
      },
      field.value);
}

std::string JsonLine(LogLevel level, std::string_view service, std::string_view room,
                     std::string_view message, Log::Fields fields) {
  std::string line = R"({"ts":")";
  line += Rfc3339(UnixMicrosNow());
  line += R"(","level":")";
  line += kLevelNames[static_cast<std::size_t>(level)];
  line += R"(","service":)";
  AppendJsonString(service, &line);
  if (!room.empty()) {
    line += R"(,"room":)";
    AppendJsonString(room, &line);
  }
  line += R"(,"msg":)";
  AppendJsonString(message, &line);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(field.name, &line);
    line += ':';
    AppendJsonValue(field, &line);
  }
  line += '}';
  return line;
}

// "2026-11-21T10:00:00.123456Z info store/grpc: listening address="127.0.0.1:7200" partitions=16"
std::string ConsoleLine(LogLevel level, std::string_view service, std::string_view room,
                        std::string_view message, Log::Fields fields) {
  std::string line;
  line += Rfc3339(UnixMicrosNow());
  line += ' ';
  line += kLevelNames[static_cast<std::size_t>(level)];
  line.append(6 - kLevelNames[static_cast<std::size_t>(level)].size(), ' ');
  line += service;
  if (!room.empty()) {
    line += '/';
    line += room;
  }
  line += ": ";
  std::string quoted;
  AppendJsonString(message, &quoted);
  line.append(quoted, 1, quoted.size() - 2);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    AppendJsonValue(field, &line);
  }
  return line;
}

}  // namespace

Log Log::Make(std::string service, LogLevel level, LogFormat format) {
  Log log;
  log.logger_ =
      std::make_shared<spdlog::logger>(service, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log.logger_->set_pattern("%v");
  log.logger_->set_level(ToSpdlog(level));
  log.service_ = std::move(service);
  log.json_ =
      format == LogFormat::kJson || (format == LogFormat::kAuto && isatty(STDERR_FILENO) == 0);
  return log;
}

Log Log::Room(std::string room) const {
  Log log = *this;
  log.room_ = std::move(room);
  return log;
}

void Log::Debug(std::string_view message, Fields fields) const {
  Write(LogLevel::kDebug, message, fields);
}
void Log::Info(std::string_view message, Fields fields) const {
  Write(LogLevel::kInfo, message, fields);
}
void Log::Warn(std::string_view message, Fields fields) const {
  Write(LogLevel::kWarn, message, fields);
}
void Log::Error(std::string_view message, Fields fields) const {
  Write(LogLevel::kError, message, fields);
}

void Log::Flush() const {
  if (logger_ != nullptr) {
    logger_->flush();
  }
}

void Log::Write(LogLevel level, std::string_view message, Fields fields) const {
  if (logger_ == nullptr || !logger_->should_log(ToSpdlog(level))) {
    return;
  }
  const std::string line = json_ ? JsonLine(level, service_, room_, message, fields)
                                 : ConsoleLine(level, service_, room_, message, fields);
  // As a string_view: spdlog must not take it for a format.
  logger_->log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace belfry
