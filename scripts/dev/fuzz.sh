# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev fuzz: fuzzes everything that reads bytes from outside, with clang's libFuzzer.

FUZZ_FOLDER=tests/fuzz
# What a target found stays here: inputs that reach new code, and those that broke a promise.
FUZZ_FOUND=build/fuzz/found

# run_fuzz [list | again TARGET FILE | TARGET... [--seconds N] [--seed N]]
run_fuzz() {
  local seconds=60 seed=0 targets=() target broken=()
  case "${1:-}" in
    list)
      fuzz_targets
      return
      ;;
    again)
      [[ $# -eq 3 ]] || die "fuzz again needs a target and a file"
      fuzz_again "$2" "$3"
      return
      ;;
  esac
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --seconds | --seed)
        [[ "${2:-}" =~ ^[1-9][0-9]{0,8}$ ]] || die "fuzz: $1 needs a number from 1 on"
        if [[ "$1" == --seed ]]; then seed="$2"; else seconds="$2"; fi
        shift
        ;;
      *) targets+=("$(fuzz_target "$1")") ;;
    esac
    shift
  done
  [[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(fuzz_targets)
  build_fuzz "${targets[@]}"
  step "fuzzing ${#targets[@]} target(s), $seconds s each"
  for target in "${targets[@]}"; do
    fuzz_one "$target" "$seconds" "$seed" || broken+=("$target")
  done
  [[ ${#broken[@]} -eq 0 ]] || die "promises broken: ${broken[*]}"
}

fuzz_targets() { find "$FUZZ_FOLDER/corpus" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }

fuzz_target() {
  [[ "$1" =~ ^[a-z0-9_]+$ && -d "$FUZZ_FOLDER/corpus/$1" ]] ||
    die "no such fuzz target: $1; ./dev fuzz list names them"
  printf '%s\n' "$1"
}

build_fuzz() {
  want_build
  want_commands "${FUZZ_COMMANDS[@]}"
  want_packages "${FUZZ_PACKAGES[@]}"
  install_wanted
  build fuzz "${@/#/fuzz_}"
}

with_sanitizers() {
  ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}" \
    UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}" with_fixed_addresses "$@"
}

# fuzz_one TARGET SECONDS SEED: one line on stdout, and what was broken if something was. Whoever
# takes memory out of proportion to an input of 4 KiB breaks a promise too. 64 MiB at once: protobuf
# reserves, and does not touch, up to 50 MB for a string in a message that lies about its length.
fuzz_one() {
  local target="$1" found="$FUZZ_FOUND/$1" log code=0
  log="$found/log"
  mkdir -p "$found/inputs" "$found/broken"
  with_sanitizers "build/fuzz/tests/fuzz_$target" -max_total_time="$2" -seed="$3" \
    -max_len=4096 -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=60 -print_final_stats=1 \
    -dict="$FUZZ_FOLDER/dict/$target.dict" -artifact_prefix="$found/broken/" \
    "$found/inputs" "$FUZZ_FOLDER/corpus/$target" >"$log" 2>&1 </dev/null || code=$?
  printf '%-18s %10s inputs, %6s a second  %s\n' "$target" \
    "$(fuzz_stat number_of_executed_units "$log")" "$(fuzz_stat average_exec_per_sec "$log")" \
    "$([[ "$code" -eq 0 ]] && printf 'every promise held' || printf 'BROKEN')"
  [[ "$code" -eq 0 ]] || say_broken "$target" "$log"
  return "$code"
}

fuzz_stat() { sed -n "s/^stat::$1: *//p" "$2"; }

# What it says first is what was broken; the rest is the stack.
say_broken() {
  local target="$1" log="$2" kept
  kept="$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
  grep -m 1 -A 4 -E 'promise broken|runtime error|ERROR: ' "$log" | cut -c 1-2000 >&2 || true
  say "    all it said: $log"
  [[ -z "$kept" ]] || say "    again:       ./dev fuzz again $target $kept
    for ever:    cp $kept $FUZZ_FOLDER/corpus/$target/<what it is>"
}

fuzz_again() {
  local target
  target="$(fuzz_target "$1")"
  [[ -f "$2" ]] || die "no such file: $2"
  build_fuzz "$target"
  with_sanitizers "build/fuzz/tests/fuzz_$target" "$2"
}
