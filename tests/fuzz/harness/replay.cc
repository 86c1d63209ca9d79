// SPDX-License-Identifier: Apache-2.0
// The way in without libFuzzer, for any compiler:
//   TARGET [--seconds N] [--seed N] [--dict FILE] [--keep FILE] INPUT...
// tries every input (a file, or all files of a folder), then, for N seconds (0), inputs that are
// made of them. An input that breaks a promise is written to the file to keep it in, and ends it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/harness/mutator.h"
#include "tests/fuzz/harness/target.h"

// Of the sanitizers, where they are linked: called before they end the process.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace belfry::fuzz {
namespace {

namespace fs = std::filesystem;

// No input is worth more; one that takes longer hangs.
constexpr unsigned kInputSecondsMax = 60;

struct Options {
  std::uint64_t seconds = 0;
  std::uint64_t seed = 1;
  std::string dict;
  std::string keep;
  std::vector<std::string> inputs;
};

// What a signal's handler needs: an input breaks a promise in the midst of anything.
std::string_view trying;
const char* keep_path = nullptr;

void Write(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written <= 0) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Keep() {
  if (keep_path == nullptr) {
    return;
  }
  const int file = ::open(keep_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) {
    return;
  }
  Write(file, trying);
  ::close(file);
  Write(STDERR_FILENO, "kept: ");
  Write(STDERR_FILENO, keep_path);
  Write(STDERR_FILENO, "\n");
}

extern "C" void OnSignal(int signal) {
  if (signal == SIGALRM) {
    Write(STDERR_FILENO, "an input takes too long\n");
  }
  Keep();
  ::_exit(1);
}

void KeepWhatBreaks(const std::string& path) {
  if (!path.empty()) {
    keep_path = path.c_str();
  }
  std::signal(SIGABRT, OnSignal);
  std::signal(SIGALRM, OnSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(Keep);
  } else {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      std::signal(signal, OnSignal);
    }
  }
}

void TryInTime(std::string_view input) {
  trying = input;
  ::alarm(kInputSecondsMax);
  Try(input);
  ::alarm(0);
}

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// In the order of their names, so that a seed always means the same.
std::vector<std::string> ReadInputs(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    std::error_code none;
    if (!fs::is_directory(path, none)) {
      files.emplace_back(path);
    }
    for (const auto& entry : fs::directory_iterator(path, none)) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const fs::path& file : files) {
    inputs.push_back(Read(file));
  }
  return inputs;
}

bool Parse(const std::vector<std::string_view>& words, Options* options) {
  const auto number = [](std::string_view text, std::uint64_t* to) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), *to);
    return end.ec == std::errc() && end.ptr == text.data() + text.size();
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (!word.starts_with("--")) {
      options->inputs.emplace_back(word);
      continue;
    }
    if (++i == words.size()) {
      return false;
    }
    if (word == "--seconds" || word == "--seed") {
      if (!number(words[i], word == "--seed" ? &options->seed : &options->seconds)) {
        return false;
      }
    } else if (word == "--dict") {
      options->dict = words[i];
    } else if (word == "--keep") {
      options->keep = words[i];
    } else {
      return false;
    }
  }
  return !options->inputs.empty();
}

int Run(const Options& options) {
  const std::vector<std::string> inputs = ReadInputs(options.inputs);
  if (inputs.empty()) {
    std::fputs("no inputs\n", stderr);
    return 2;
  }
  KeepWhatBreaks(options.keep);
  for (const std::string& input : inputs) {
    TryInTime(input);
  }

  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(options.seconds);
  Mutator mutator(inputs, DictionaryWords(Read(options.dict)), options.seed);
  std::uint64_t made = 0;
  for (; Clock::now() < end; ++made) {
    TryInTime(mutator.Next());
  }
  std::printf("%zu inputs and %llu made of them (seed %llu): every promise held\n", inputs.size(),
              static_cast<unsigned long long>(made), static_cast<unsigned long long>(options.seed));
  return 0;
}

}  // namespace
}  // namespace belfry::fuzz

int main(int argc, char** argv) {
  belfry::fuzz::Options options;
  if (!belfry::fuzz::Parse({argv + 1, argv + argc}, &options)) {
    std::fprintf(stderr,
                 "usage: %s [--seconds N] [--seed N] [--dict FILE] [--keep FILE] INPUT...\n",
                 argv[0]);
    return 2;
  }
  return belfry::fuzz::Run(options);
}
