// SPDX-License-Identifier: Apache-2.0
// The kinds of settings: how each is read, bounded and printed.
#include <algorithm>
#include <limits>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/config_impl.h"
#include "libs/common/config_value.h"

namespace belfry {
namespace {

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

}  // namespace

void Settings::AddString(SettingInfo info, std::string* value) {
  const auto parse = [value](std::string_view text) {
    *value = text;
    return !HasControl(text);
  };
  impl_->Add({.info = std::move(info),
              .type = "TEXT",
              .allowed = "text without control characters",
              .parse = parse,
              .print = [value] { return config::Quote(config::MaskPassword(*value)); },
              .empty = [value] { return value->empty(); }});
}

void Settings::AddAddress(SettingInfo info, std::string* value) {
  const auto parse = [value](std::string_view text) {
    *value = text;
    return text.empty() || config::IsAddress(text);
  };
  impl_->Add({.info = std::move(info),
              .type = "HOST:PORT",
              .allowed = "host:port with a port of 0 to 65535, or [ipv6]:port",
              .parse = parse,
              .print = [value] { return config::Quote(*value); },
              .empty = [value] { return value->empty(); }});
}

void Settings::AddChoice(SettingInfo info, std::string* value, std::vector<std::string> allowed) {
  std::string text;
  for (const std::string& choice : allowed) {
    text += (text.empty() ? "" : ", ") + choice;
  }
  const auto parse = [value, choices = std::move(allowed)](std::string_view given) {
    *value = given;
    return std::find(choices.begin(), choices.end(), given) != choices.end();
  };
  impl_->Add({.info = std::move(info),
              .type = "ONE OF",
              .allowed = text,
              .parse = parse,
              .print = [value] { return config::Quote(*value); },
              .empty = [value] { return value->empty(); }});
}

void Settings::AddInteger(SettingInfo info, std::int64_t* value, std::int64_t min,
                          std::int64_t max) {
  const auto parse = [value, min, max](std::string_view text) {
    const auto number = config::ParseInteger(text);
    *value = number.value_or(*value);
    return number && *number >= min && *number <= max;
  };
  impl_->Add({.info = std::move(info),
              .type = "NUMBER",
              .allowed = std::to_string(min) + " to " + std::to_string(max),
              .parse = parse,
              .print = [value] { return std::to_string(*value); }});
}

void Settings::AddDuration(SettingInfo info, std::chrono::milliseconds* value,
                           std::chrono::milliseconds min, std::chrono::milliseconds max) {
  const auto parse = [value, min, max](std::string_view text) {
    const auto duration = config::ParseDuration(text);
    *value = duration.value_or(*value);
    return duration && *duration >= min && *duration <= max;
  };
  impl_->Add({.info = std::move(info),
              .type = "DURATION",
              .allowed = config::FormatDuration(min) + " to " + config::FormatDuration(max) +
                         " (a whole number and ms, s, m, h or d)",
              .parse = parse,
              .print = [value] { return config::Quote(config::FormatDuration(*value)); }});
}

void Settings::AddBytes(SettingInfo info, std::uint64_t* value, std::uint64_t min,
                        std::uint64_t max) {
  BELFRY_CHECK_LE(max, std::uint64_t{std::numeric_limits<std::int64_t>::max()});
  const auto parse = [value, min, max](std::string_view text) {
    const auto bytes = config::ParseBytes(text);
    *value = bytes.value_or(*value);
    return bytes && *bytes >= min && *bytes <= max;
  };
  impl_->Add({.info = std::move(info),
              .type = "BYTES",
              .allowed = config::FormatBytes(min) + " to " + config::FormatBytes(max) +
                         " (a whole number, alone or with KiB, MiB or GiB)",
              .parse = parse,
              .print = [value] { return config::Quote(config::FormatBytes(*value)); }});
}

void Settings::AddBool(SettingInfo info, bool* value) {
  const auto parse = [value](std::string_view text) {
    const auto flag = config::ParseBool(text);
    *value = flag.value_or(*value);
    return flag.has_value();
  };
  impl_->Add({.info = std::move(info),
              .type = "",
              .allowed = "true, false, 1 or 0",
              .is_flag = true,
              .parse = parse,
              .print = [value] { return std::string(*value ? "true" : "false"); }});
}

void Settings::AddList(SettingInfo info, std::vector<std::string>* value) {
  const auto parse = [value](std::string_view text) {
    auto items = config::ParseList(text);
    const bool good = items && !HasControl(text);
    if (good) {
      *value = *std::move(items);
    }
    return good;
  };
  impl_->Add({.info = std::move(info),
              .type = "A,B,...",
              .allowed = "items separated by commas, none of them empty",
              .parse = parse,
              .print = [value] { return config::QuoteList(*value); },
              .empty = [value] { return value->empty(); }});
}

void Settings::AddRule(std::function<std::optional<ConfigMistake>()> rule) {
  impl_->rules.push_back(std::move(rule));
}

}  // namespace belfry
