# SPDX-License-Identifier: Apache-2.0
# How everything is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Of a larger project that decides.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# Optimisation flags stand in CMakePresets.json; -g1 keeps stack traces readable at half of -g's
# compile memory.

set(BELFRY_SANITIZE "" CACHE STRING
  "empty, address (with undefined), thread, or fuzzer (with address and undefined; clang)")
option(BELFRY_CORE_ONLY
  "Build only what needs neither gRPC nor RocksDB (the tsan and fuzz presets)" OFF)
option(BELFRY_WEB
  "Build clients/web with Node.js and npm, and let the edge serve it; OFF needs neither" ON)
if(BELFRY_CORE_ONLY)
  set(BELFRY_WEB OFF)
endif()
option(BELFRY_BENCH "Build the benchmarks" OFF)
option(BELFRY_WERROR "A warning fails the build; OFF for compilers other than CI's" ${PROJECT_IS_TOP_LEVEL})
option(BUILD_TESTING "Build the tests; OFF builds the product alone, without GoogleTest" ${PROJECT_IS_TOP_LEVEL})
option(BELFRY_HARDENING "Compile and link with the flags that Debian hardens its packages with" OFF)
set(BELFRY_COMMIT "" CACHE STRING "What --version says; empty: the commit of the git checkout")
if(BELFRY_BENCH AND NOT BUILD_TESTING)
  message(FATAL_ERROR "BELFRY_BENCH needs BUILD_TESTING: the benchmarks use what tests share")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Shared by every target of ours; generated code gets only the first part.
add_library(belfry_flags INTERFACE)
target_include_directories(belfry_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(BELFRY_SANITIZE STREQUAL "address")
  target_compile_options(belfry_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(belfry_flags INTERFACE -fsanitize=address,undefined)
elseif(BELFRY_SANITIZE STREQUAL "fuzzer")
  # What is fuzzed tells its coverage; libFuzzer's main() is linked by tests/fuzz alone.
  target_compile_options(belfry_flags INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(belfry_flags INTERFACE -fsanitize=address,undefined)
elseif(BELFRY_SANITIZE STREQUAL "thread")
  target_compile_options(belfry_flags INTERFACE -fsanitize=thread)
  target_link_options(belfry_flags INTERFACE -fsanitize=thread)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(belfry_flags INTERFACE -Wno-tsan)  # Asio's fences
  endif()
endif()

if(BELFRY_HARDENING)
  # dpkg-buildflags' hardening=+all, and the bounds checks of the standard library.
  target_compile_options(belfry_flags INTERFACE
    -fPIE -fstack-protector-strong -fstack-clash-protection -Wformat -Werror=format-security
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -D_GLIBCXX_ASSERTIONS)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_compile_options(belfry_flags INTERFACE -fcf-protection)
  endif()
  target_link_options(belfry_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

add_library(belfry_warnings INTERFACE)
target_compile_options(belfry_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(BELFRY_WERROR)
  target_compile_options(belfry_warnings INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(belfry_warnings INTERFACE
    -Wimplicit-fallthrough  # g++: in -Wextra
    -Wthread-safety)        # what libs/common/mutex.h says is guarded is touched under its mutex
endif()
if(BELFRY_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12's instrumentation makes it see uninitialised reads inside <regex> and other headers of
  # its own; the same code is compiled with the warning on in every other build.
  target_compile_options(belfry_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
