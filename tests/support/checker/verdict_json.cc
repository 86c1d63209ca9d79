// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/verdict_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace belfry::test {
namespace {

namespace json = boost::json;

json::array ViolationsOf(const Verdict& verdict, Clause clause) {
  json::array violations;
  for (const Violation& violation : verdict.violations) {
    if (violation.clause != clause) {
      continue;
    }
    json::array ids;
    for (const EntryId id : violation.ids) {
      ids.emplace_back(std::to_string(id));
    }
    violations.push_back(json::object{
        {"what", violation.what}, {"ids", std::move(ids)}, {"excerpt", violation.excerpt}});
  }
  return violations;
}

}  // namespace

std::string ToJson(const Verdict& verdict) {
  json::array clauses;
  for (const Clause clause : kClauses) {
    const Judged& judged = verdict.of(clause);
    clauses.push_back(json::object{{"clause", ClauseName(clause)},
                                   {"outcome", verdict.OutcomeOf(clause)},
                                   {"judged", judged.count},
                                   {"excused", judged.excused},
                                   {"violations", ViolationsOf(verdict, clause)}});
  }
  return json::serialize(
      json::object{{"kept", verdict.ok()},
                   {"counts", json::object{{"acknowledged", verdict.acknowledged},
                                           {"unknown", verdict.unknown},
                                           {"rejected", verdict.rejected},
                                           {"stored", verdict.stored},
                                           {"told", verdict.told},
                                           {"uncovered", verdict.uncovered},
                                           {"connections", verdict.connections},
                                           {"resets", verdict.resets}}},
                   {"clauses", std::move(clauses)}});
}

}  // namespace belfry::test
