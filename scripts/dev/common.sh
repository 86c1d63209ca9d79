# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every other file of ./dev uses: where things are, how to say something, how to give up.

DEV_DIR="${BELFRY_DEV_DIR:-$ROOT/.belfry}"
[[ "$DEV_DIR" == /* ]] || DEV_DIR="$ROOT/$DEV_DIR"
BIN_DIR="${BELFRY_BIN_DIR:-$ROOT/build/dev/bin}"
ENV_FILE="$DEV_DIR/dev.env"
API_KEYS_FILE="$DEV_DIR/secrets/api-keys.json"
API_KEY_TEXT_FILE="$DEV_DIR/secrets/api-key.txt"
JWT_KEYS_FILE="$DEV_DIR/secrets/jwt-keys.json"
ANNOUNCE_KEYS_FILE="$DEV_DIR/secrets/announce-keys.json"
INTERNAL_KEYS_FILE="$DEV_DIR/secrets/internal-keys.json"
INGEST_KEY_FILE="$DEV_DIR/secrets/ingest.key"
EDGE_KEY_FILE="$DEV_DIR/secrets/edge.key"
DEMO_PROJECT=demo

# Loopback never goes through a proxy, whatever the shell is set up for.
export no_proxy="127.0.0.1,localhost,::1${no_proxy:+,$no_proxy}"
export NO_PROXY="$no_proxy"

# Steps and hints go to stderr: stdout is for what a command was asked for.
say() { printf '%s\n' "$*" >&2; }

step() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# with_fixed_addresses COMMAND...: if the machine lets us. The sanitizers of g++ 12 and clang 14
# cannot map their shadow under every randomisation of addresses.
with_fixed_addresses() {
  if setarch -R true 2>/dev/null; then set -- setarch -R "$@"; fi
  "$@"
}

# timed NAME COMMAND...: runs it and says how long it took; its exit code is kept.
timed() {
  local name="$1" code=0
  local begin=$SECONDS
  shift
  "$@" || code=$?
  say "    $name: $((SECONDS - begin)) s"
  return "$code"
}
