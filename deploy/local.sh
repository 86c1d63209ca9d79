#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# belfry-local: shows that the stack of this machine works. It opens a stream, publishes one
# notification and waits until it has arrived. For root, because it reads the keys.
set -eu
keys="${BELFRY_CONFIG_ROOT:-/etc/belfry}/keys"
seconds=15
if [ "${1:-}" = --version ]; then
  belfry --version | sed 's/^belfry/belfry-local/'
  exit 0
fi
if [ "${1:-}" = --help ]; then
  echo "Usage: belfry-local"
  echo
  echo "Publishes one notification to a user of its own and waits, for at most $seconds seconds, until it"
  echo "arrives on a stream. Exit code 0: it did; 1: it did not, and what to look at."
  exit 0
fi
[ -r "$keys/api-key.txt" ] || {
  echo "belfry-local: cannot read $keys/api-key.txt: run it as root; belfry-setup-keys makes the keys" >&2
  exit 1
}
BELFRY_API_KEY="$(cat "$keys/api-key.txt")"
BELFRY_JWT_KEYS_FILE="$keys/jwt-keys.json"
export BELFRY_API_KEY BELFRY_JWT_KEYS_FILE
user="belfry-local-$$"
folder="$(mktemp -d)"
trap 'kill "$tail" 2>/dev/null || true; rm -rf "$folder"' EXIT

# From the oldest entry kept: it does not matter which of the two is there first.
belfry tail --user "$user" --project demo --last-event-id 0 --count 1 --timeout "${seconds}s" \
  >"$folder/stream" 2>"$folder/errors" &
tail=$!
belfry notify --user "$user" --title "The bell rings" >/dev/null 2>"$folder/notify" || true
if ! wait "$tail" || ! grep -q "The bell rings" "$folder/stream"; then
  echo "belfry-local: no notification arrived. What was said:" >&2
  cat "$folder/notify" "$folder/errors" "$folder/stream" >&2
  echo "Look at: systemctl status 'belfry-*' nats-server; journalctl -u 'belfry-*'" >&2
  exit 1
fi
echo "A notification was published and arrived: belfry works on this machine."
