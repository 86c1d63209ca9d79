// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/trace.h"

namespace belfry::sim {
namespace {

constexpr std::uint64_t kPrime = 0x100000001b3;  // FNV-1a's

int Size(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

void Trace::Mix(std::uint64_t number) { hash_ = (hash_ ^ number) * kPrime; }

void Trace::Mix(std::string_view text) {
  for (const char c : text) {
    Mix(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
  }
}

void Trace::Step(std::string_view who, std::string_view what, std::initializer_list<Field> fields) {
  ++steps_;
  const auto micros = static_cast<std::uint64_t>(scheduler_.micros());
  Mix(micros);
  Mix(who);
  Mix(what);
  for (const Field& field : fields) {
    Mix(field.name);
    Mix(field.number);
    Mix(field.text);
  }
  if (out_ == nullptr) {
    return;
  }
  std::fprintf(out_, "%5llu.%06llu %.*s %.*s", static_cast<unsigned long long>(micros / 1'000'000),
               static_cast<unsigned long long>(micros % 1'000'000), Size(who), who.data(),
               Size(what), what.data());
  const char* gap = "  ";
  for (const Field& field : fields) {
    std::fprintf(out_, "%s%.*s=", gap, Size(field.name), field.name.data());
    if (field.text.empty()) {
      std::fprintf(out_, "%llu", static_cast<unsigned long long>(field.number));
    } else {
      std::fprintf(out_, "%.*s", Size(field.text), field.text.data());
    }
    gap = " ";
  }
  std::fputc('\n', out_);
}

}  // namespace belfry::sim
