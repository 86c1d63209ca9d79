# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev chaos: faults on real processes, and the seeded simulation.

# run_chaos [--long] [--json FILE] [--seed N] [list | NAME... | sim ARGS...]
run_chaos() {
  if [[ "${1:-}" == sim ]]; then
    shift
    run_simulation "$@"
    return
  fi
  if [[ "${1:-}" == list ]]; then
    shift
    set -- --list "$@"
  fi
  want_build
  want_commands "${CHAOS_COMMANDS[@]}"
  install_wanted
  build dev belfry-store belfry-ingest belfry-edge belfry-chaos
  build/dev/bin/belfry-chaos "$@"
}

run_simulation() {
  want_build
  install_wanted
  build dev belfry-sim
  build/dev/bin/belfry-sim "$@"
}
