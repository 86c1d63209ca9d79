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
done
exit "$lacking"
