#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check-hardening.sh PROGRAM...: says what a program lacks of Debian's hardening, as its file shows it.
set -eu
lacking=0
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
for program in "$@"; do
  readelf --wide --file-header --program-headers --dynamic --notes "$program" >"$scratch/elf"
  nm -D "$program" >"$scratch/symbols"
  need() { # WHAT PATTERN FILE
    if ! grep -q -- "$2" "$3"; then
      echo "$program: no $1"
      lacking=1
    fi
  }
  need "position independent code (PIE)" 'Type: *DYN' "$scratch/elf"
  need "read-only relocations" 'GNU_RELRO' "$scratch/elf"
  need "binding of all symbols at the start (now)" 'BIND_NOW\|Flags:.*NOW' "$scratch/elf"
  need "stack that is not executable" 'GNU_STACK.* RW ' "$scratch/elf"
  need "stack protector" '__stack_chk_fail' "$scratch/symbols"
  need "checked string functions (_FORTIFY_SOURCE)" '__[a-z]*_chk\b' "$scratch/symbols"
  need "checks of the standard library (_GLIBCXX_ASSERTIONS)" '__glibcxx_assert_fail' "$scratch/symbols"
  # The file's own note of CET needs Debian's start files to have it too, so the code is looked at. What
  # the compiler adds to every program has a few of these.
  if [ "$(uname -m)" = x86_64 ]; then
    objdump -d --no-show-raw-insn "$program" 2>/dev/null | grep -m 10 endbr64 | sed -n 10p >"$scratch/code"
    need "marked targets of indirect jumps (CET)" endbr64 "$scratch/code"
  fi
done
exit "$lacking"
