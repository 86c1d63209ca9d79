# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev attack: what strangers and bad neighbours try, against a stack of its own.

# run_attack [list] [--quick] [--json FILE] [ROW...]
run_attack() {
  want_commands "${ATTACK_COMMANDS[@]}"
  [[ -n "${BELFRY_BIN_DIR:-}" ]] || want_build
  install_wanted
  [[ -n "${BELFRY_BIN_DIR:-}" || "${1:-}" == list ]] ||
    build dev belfry-store belfry-ingest belfry-edge belfry
  BELFRY_BIN_DIR="$BIN_DIR" BELFRY_SOURCE_DIR="$ROOT" node tests/attack/attack.mjs "$@"
}
