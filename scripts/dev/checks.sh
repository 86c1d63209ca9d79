# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev test, bench, lint and fmt: what a change is judged by.

NPM_FOLDERS=(tests/browser tests/deploy tests/openapi tests/system/foreign)
# What other folders hold is not ours to format or lint.
CODE_FOLDERS=(libs services clients tests bench)
TIDY_FILES='/(libs|services|clients)/.*\.cc$'

LANES=(
  unit simulation fuzz integration system browser deploy package compose clocks asan tsan clang trixie
)

# run_tests [LANE] [-- CTEST ARGS...], run_tests trixie [LANE...] [-- CTEST ARGS...]
run_tests() {
  local lane=all
  if [[ $# -gt 0 && "$1" != -- ]]; then
    lane="$1"
    shift
  fi
  if [[ "$lane" == trixie ]]; then
    test_trixie "$@"
    return
  fi
  if [[ "${1:-}" == -- ]]; then shift; fi
  [[ $# -eq 0 || "$1" == -* ]] || die "test: unexpected $1; words for ctest go after --"
  case "$lane" in
    all) test_all "$@" ;;
    unit | simulation | fuzz | integration) test_lane "$lane" "$@" ;;
    system) test_system "$@" ;;
    browser) test_browser "$@" ;;
    deploy) test_deploy "$@" ;;
    package) test_package "$@" ;;
    compose) test_compose "$@" ;;
    clocks) test_clocks "$@" ;;
    asan) test_asan "$@" ;;
    tsan) test_tsan "$@" ;;
    clang) test_clang "$@" ;;
    *) die "no such lane: $lane (${LANES[*]})" ;;
  esac
}

want_tests() {
  want_build
  want_commands "${TEST_COMMANDS[@]}" "${CHAOS_COMMANDS[@]}" "${ATTACK_COMMANDS[@]}"
}

test_all() {
  want_tests
  want_packages "${LANGUAGE_PACKAGES[@]}"
  want_commands "${BROWSER_COMMANDS[@]}" "${PACKAGE_COMMANDS[@]}" "${PACKAGE_TEST_COMMANDS[@]}"
  install_wanted
  need_npm "${NPM_FOLDERS[@]}"
  need_tools "${DEPLOY_TOOLS[@]}" "${PROXY_TOOLS[@]}"
  timed build build dev all
  run_ctest dev '.*' "$@"
}

test_lane() {
  local lane="$1"
  shift
  want_build
  want_commands "${STACK_COMMANDS[@]}"
  install_wanted
  timed build build dev "lane_$lane"
  run_ctest dev "^$lane\$" "$@"
}

test_system() {
  want_tests
  want_packages "${LANGUAGE_PACKAGES[@]}"
  install_wanted
  need_npm tests/openapi tests/system/foreign
  need_tools "${PROXY_TOOLS[@]}"
  timed build build dev lane_system belfry-store belfry-ingest belfry-edge belfry
  run_ctest dev '^system$' "$@"
}

test_browser() {
  want_tests
  want_commands "${BROWSER_COMMANDS[@]}"
  install_wanted
  need_npm tests/browser
  timed build build dev belfry-store belfry-ingest belfry-edge belfry
  run_ctest dev '^browser$' "$@"
}

# What deploy/ hands to other systems. No program of ours is needed, so none is built.
test_deploy() {
  want_build
  want_commands "${TEST_COMMANDS[@]}"
  install_wanted
  need_npm tests/deploy
  need_tools "${DEPLOY_TOOLS[@]}"
  build dev help
  run_ctest dev '^deploy$' "$@"
}

test_package() {
  want_tests
  want_commands "${PACKAGE_COMMANDS[@]}" "${PACKAGE_TEST_COMMANDS[@]}"
  install_wanted
  timed build build dev belfry-store belfry-ingest belfry-edge belfry
  run_ctest dev '^package$' "$@"
}

# compose.yaml under podman: a large installation and minutes, so it runs only when it is asked for.
test_compose() {
  want_tests
  want_commands "${COMPOSE_COMMANDS[@]}"
  want_packages "${COMPOSE_PACKAGES[@]}"
  install_wanted
  need_npm tests/browser
  timed build build dev belfry-store belfry-ingest belfry-edge belfry
  BELFRY_COMPOSE_TEST=1 run_ctest dev '^compose$' "$@"
}

test_asan() {
  want_build
  want_commands "${STACK_COMMANDS[@]}"
  install_wanted
  timed build build asan lane_unit lane_simulation lane_fuzz lane_integration
  export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}"
  export UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
  export LSAN_OPTIONS="${LSAN_OPTIONS:-suppressions=$ROOT/tests/lsan.supp:print_suppressions=0}"
  run_ctest asan '^(unit|simulation|fuzz|integration)$' "$@"
}

test_tsan() {
  want_build
  install_wanted
  timed build build tsan lane_unit
  export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
  run_ctest tsan '^unit$' "$@"
}

# The whole product, because clang is the one that checks the locks, and the unit lane.
test_clang() {
  want_build
  want_commands "${CLANG_COMMANDS[@]}"
  install_wanted
  timed build build clang belfry-store belfry-ingest belfry-edge belfry lane_unit
  run_ctest clang '^unit$' "$@"
}

# run_ctest PRESET LABELS ARGS...: two at a time; rows that need the machine for themselves say so
# with RUN_SERIAL.
run_ctest() {
  local preset="$1" labels="$2" as=()
  shift 2
  [[ "$preset" == dev ]] || as=(with_fixed_addresses)
  "${as[@]}" ctest --test-dir "build/$preset" -L "$labels" -j2 \
    --output-on-failure --no-tests=error "$@" </dev/null
}

# name:target. `smoke` measures the whole stack; the others one room each.
BENCHES=(
  smoke:belfry-bench-smoke store-append:store_append_bench store-layout:store_layout_bench
  role-gate:role_gate_bench
  store-feeds:store_feeds_bench growth:belfry-bench-growth
  inbox:belfry-bench-inbox announce:announce_bench
)

run_bench() {
  local wanted="${1:-}" pair chosen=()
  [[ $# -gt 0 ]] && shift
  for pair in "${BENCHES[@]}"; do
    if [[ -z "$wanted" || "$wanted" == "${pair%%:*}" ]]; then chosen+=("${pair#*:}"); fi
  done
  [[ ${#chosen[@]} -gt 0 ]] || die "no such bench: $wanted (${BENCHES[*]%%:*})"
  want_build
  want_commands "${STACK_COMMANDS[@]}"
  install_wanted
  build dev belfry-store belfry-ingest belfry-edge belfry "${chosen[@]}"
  for pair in "${chosen[@]}"; do
    step "bench: $pair"
    "build/dev/bin/$pair" "$@"
  done
}

# Runs every check and fails at the end if one failed, so that one run shows all there is to mend.
LINT_FAILED=()
lint() {
  [[ $# -eq 0 ]] || die "lint takes no arguments"
  want_build
  want_commands "${LINT_COMMANDS[@]}"
  install_wanted
  build dev belfry_proto belfry_proto_grpc boundaries_unit_test
  check format check_format
  check boundaries run_ctest dev '^unit$' -R '^unit/boundaries$'
  check shell check_shell
  check web node scripts/check_web.mjs
  check docs python3 scripts/check_docs.py
  check compose docker-compose -f compose.yaml config -q
  check tidy check_tidy
  [[ ${#LINT_FAILED[@]} -eq 0 ]] || die "lint failed: ${LINT_FAILED[*]}"
  say "lint: all is well"
}

check() {
  step "lint: $1"
  timed "$@" || LINT_FAILED+=("$1")
}

our_code() { git ls-files -co --exclude-standard -- "${CODE_FOLDERS[@]}" | grep -E '\.(cc|h)$'; }

check_format() { our_code | xargs -r clang-format --dry-run -Werror; }

# Every script with a shebang, and with it what it sources.
check_shell() {
  local file scripts=()
  while read -r file; do
    if head -n 1 "$file" 2>/dev/null | grep -qaE '^#!.*\b(ba)?sh\b'; then scripts+=("$file"); fi
  done < <(git ls-files -co --exclude-standard)
  shellcheck -x -a "${scripts[@]}"
}

# .clang-tidy holds the list of checks; generated code is only ever a header here.
check_tidy() {
  run-clang-tidy -quiet -p build/dev -j "$(jobs_count)" "$TIDY_FILES" >build/dev/tidy.log 2>&1 && return
  grep -E '(warning|error):' -A 4 build/dev/tidy.log | awk '!seen[$0]++' | head -n 200
  return 1
}

fmt() {
  [[ $# -eq 0 ]] || die "fmt takes no arguments"
  want_commands clang-format:clang-format git:git
  install_wanted
  our_code | xargs -r clang-format -i
}
