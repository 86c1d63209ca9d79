// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/report.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

namespace belfry::chaos {
namespace {

namespace json = boost::json;
using Verdict = Outcome::Verdict;

constexpr Verdict kVerdicts[] = {Verdict::kKept, Verdict::kBroken, Verdict::kSkipped};

json::object ToObject(const Outcome& outcome) {
  json::object object{{"row", outcome.row},
                      {"expected", outcome.expected},
                      {"verdict", VerdictName(outcome.verdict)},
                      {"why", outcome.why},
                      {"recoverySeconds", nullptr},
                      {"rounds", outcome.rounds},
                      {"acknowledged", outcome.acknowledged},
                      {"unknown", outcome.unknown},
                      {"rejected", outcome.rejected},
                      {"told", outcome.told},
                      {"resets", outcome.resets},
                      {"notes", json::value_from(outcome.notes)},
                      {"seconds", outcome.seconds},
                      {"left", outcome.left}};
  if (outcome.recovery_s) {
    object["recoverySeconds"] = *outcome.recovery_s;
  }
  return object;
}

std::string Text(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::size_t Count(const json::object& object, const char* name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_int64() && found->get_int64() > 0
             ? static_cast<std::size_t>(found->get_int64())
             : 0;
}

std::string Thousands(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) {
    text.insert(at - 3, ",");
  }
  return text;
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

}  // namespace

std::string VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKept:
      return "kept";
    case Verdict::kBroken:
      return "BROKEN";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "?";
}

std::string RecoveryText(const Outcome& outcome) {
  if (!outcome.recovery_s) {
    return "-";
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", *outcome.recovery_s);
  return text;
}

std::string Evidence(const Outcome& outcome) {
  if (outcome.verdict == Verdict::kSkipped) {
    return OneLine(outcome.why);
  }
  std::string text = Thousands(outcome.acknowledged) + " acknowledged, " + Thousands(outcome.told) +
                     " delivered, " + Thousands(outcome.resets) + " resets";
  if (outcome.rounds > 1) {
    text = std::to_string(outcome.rounds) + " rounds, " + text;
  }
  if (outcome.unknown != 0) {
    text += ", " + Thousands(outcome.unknown) + " unknown";
  }
  if (outcome.rejected != 0) {
    text += ", " + Thousands(outcome.rejected) + " rejected";
  }
  for (const std::string& note : outcome.notes) {
    text += "; " + note;
  }
  if (outcome.verdict == Verdict::kBroken) {
    text = outcome.why + "; " + text;
    if (!outcome.left.empty()) {
      text += "; see " + outcome.left;
    }
  }
  return OneLine(text);
}

std::string Table(const std::vector<Outcome>& outcomes) {
  std::string text =
      "| row | expected | verdict | recovery | evidence |\n| --- | --- | --- | --- | --- |\n";
  for (const Outcome& outcome : outcomes) {
    text += "| " + outcome.row + " | " + OneLine(outcome.expected) + " | " +
            VerdictName(outcome.verdict) + " | " + RecoveryText(outcome) + " | " +
            Evidence(outcome) + " |\n";
  }
  text += "\n";
  for (const Verdict verdict : kVerdicts) {
    const auto count =
        std::count_if(outcomes.begin(), outcomes.end(),
                      [verdict](const auto& outcome) { return outcome.verdict == verdict; });
    if (verdict != kVerdicts[0]) {
      text += ", ";
    }
    text += std::to_string(count) + " " + VerdictName(verdict);
  }
  return text + "\n";
}

std::string ToJson(const Outcome& outcome) { return json::serialize(ToObject(outcome)); }

std::string ToJson(const std::vector<Outcome>& outcomes) {
  json::array rows;
  for (const Outcome& outcome : outcomes) {
    rows.push_back(ToObject(outcome));
  }
  return json::serialize(json::object{{"rows", std::move(rows)}}) + "\n";
}

Result<Outcome> OutcomeFromJson(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return Fail(Code::kDataLoss, "read an outcome: " + (error ? error.message() : text));
  }
  const json::object& object = value.get_object();
  Outcome outcome;
  outcome.row = Text(object, "row");
  outcome.expected = Text(object, "expected");
  const auto verdict = std::find_if(
      std::begin(kVerdicts), std::end(kVerdicts),
      [&object](Verdict candidate) { return VerdictName(candidate) == Text(object, "verdict"); });
  if (verdict == std::end(kVerdicts)) {
    return Fail(Code::kDataLoss, "read an outcome: no verdict");
  }
  outcome.verdict = *verdict;
  outcome.why = Text(object, "why");
  const json::value* recovery = object.if_contains("recoverySeconds");
  if (recovery != nullptr && recovery->is_double()) {
    outcome.recovery_s = recovery->get_double();
  }
  outcome.rounds = static_cast<int>(Count(object, "rounds"));
  outcome.acknowledged = Count(object, "acknowledged");
  outcome.unknown = Count(object, "unknown");
  outcome.rejected = Count(object, "rejected");
  outcome.told = Count(object, "told");
  outcome.resets = Count(object, "resets");
  const json::value* notes = object.if_contains("notes");
  if (notes != nullptr && notes->is_array()) {
    for (const json::value& note : notes->get_array()) {
      if (note.is_string()) {
        outcome.notes.emplace_back(note.get_string());
      }
    }
  }
  const json::value* seconds = object.if_contains("seconds");
  if (seconds != nullptr && seconds->is_double()) {
    outcome.seconds = seconds->get_double();
  }
  outcome.left = Text(object, "left");
  return outcome;
}

}  // namespace belfry::chaos
