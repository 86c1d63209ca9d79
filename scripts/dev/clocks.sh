# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev test clocks: the unit lane on a machine that has just booted, and on one that has been up
# for a century. Code that takes the zero of the steady clock for "never", that subtracts from it, or
# that mixes it with a test's own clock, fails on one of the two.

CLOCK_YOUNG=1
CLOCK_OLD=$((100 * 365 * 24 * 3600))

# The machine's steady clock in whole seconds. /proc/uptime also counts the time it was suspended.
steady_seconds() { python3 -c 'import time; print(int(time.monotonic()))'; }

# at_steady_seconds SECONDS COMMAND...: runs it in a time namespace whose steady clock starts there.
at_steady_seconds() {
  local offset=$(($1 - $(steady_seconds)))
  shift
  unshare --time --monotonic="$offset" "$@"
}

test_clocks() {
  local seconds
  want_build
  want_commands "${CLOCK_COMMANDS[@]}"
  install_wanted
  timed build build dev lane_unit
  for seconds in "$CLOCK_YOUNG" "$CLOCK_OLD"; do
    if ! at_steady_seconds "$seconds" true 2>/dev/null; then
      say "skipped: not allowed here: a steady clock of $seconds s (unshare --time needs root)"
      continue
    fi
    step "the unit lane with a steady clock that starts at $seconds s"
    at_steady_seconds "$seconds" \
      ctest --test-dir build/dev -L '^unit$' -j2 --output-on-failure --no-tests=error "$@" </dev/null
  done
}
