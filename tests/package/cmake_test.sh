#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# belfry as a folder of a larger project, and what BELFRY_HARDENING does to a program.
#
# cmake_test.sh SOURCE_FOLDER
set -euo pipefail
SOURCE="$1"
HERE="$SOURCE/tests/package"
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# build NAME OPTION...: the larger project.
build() {
  local name="$1"
  shift
  if ! (cmake -S "$HERE/projects/subproject" -B "$WORK/$name" -G Ninja -Wno-dev -DBELFRY="$SOURCE" \
    -DBELFRY_WEB=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@" &&
    cmake --build "$WORK/$name" --target hello) >"$WORK/log" 2>&1; then
    tail -n 30 "$WORK/log" >&2
    fail "$name was not built"
  fi
}

build plain -DBELFRY_COMMIT=0123abcd
[[ "$("$WORK/plain/hello")" =~ ^hello\ [0-9.]+\ \(commit\ 0123abcd,\ protocol\ v1\)$ ]] ||
  fail "it says $("$WORK/plain/hello")"

build hardened -DBELFRY_HARDENING=ON
"$SOURCE/deploy/check-hardening.sh" "$WORK/hardened/hello" || fail "it is not hardened"
# The check itself can fail: of a program without, whatever the compiler's defaults are.
g++ -no-pie -fno-stack-protector -U_FORTIFY_SOURCE -Wl,-z,norelro -Wl,-z,lazy -Wl,-z,execstack \
  -fcf-protection=none -x c++ - -o "$WORK/soft" <<<'int main() {}' 2>"$WORK/log"
lacking="$("$SOURCE/deploy/check-hardening.sh" "$WORK/soft" || true)"
wanted=7
[[ "$(uname -m)" != x86_64 ]] || wanted=8 # CET is x86's
[[ "$(wc -l <<<"$lacking")" -eq "$wanted" ]] || fail "of a soft program it says: $lacking"
echo "subproject and hardening: as they should be"
