#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What ./dev promises to scripts, on real processes in a folder and on ports of its own.
set -euo pipefail

dev="$BELFRY_SOURCE_DIR/dev"
BELFRY_DEV_DIR="$(mktemp -d)"
export BELFRY_DEV_DIR BELFRY_BIN_DIR
# Addresses of a stack that the caller may have sourced would win over the offset.
unset BELFRY_{INGEST_GRPC,INGEST_HTTP,INGEST_ADMIN,STORE_GRPC,STORE_ADMIN,EDGE_HTTP,EDGE_ADMIN,NATS_URL}
stranger=""

finish() {
  local code=$?
  [[ -z "$stranger" ]] || kill "$stranger" 2>/dev/null || true
  if [[ $code -ne 0 ]]; then "$dev" logs >&2 || true; fi
  "$dev" down >/dev/null 2>&1 || true
  rm -rf "$BELFRY_DEV_DIR"
  exit "$code"
}
trap finish EXIT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

test_that() { printf -- '--- %s\n' "$*"; }

pid_of() { cat "$BELFRY_DEV_DIR/run/$1.pid"; }
pids() { cat "$BELFRY_DEV_DIR"/run/*.pid | sort; }
value_of() { sed -n "s/^$1=//p" "$BELFRY_DEV_DIR/dev.env"; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# An offset at which nothing listens, below the ports that outgoing connections take.
free_offset() {
  local offset port tries
  for ((tries = 0; tries < 100; tries++)); do
    offset=$((1000 + RANDOM % 22000))
    for port in 4222 7100 7101 7180 7200 7201 8080 8081 8091 8092; do
      if listens $((port + offset)); then continue 2; fi
    done
    printf '%s\n' "$offset"
    return
  done
  fail "no free ports"
}

wait_until() {
  local what="$1" deadline=$((SECONDS + 60))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || fail "not within 60 s: $what"
    sleep 0.05
  done
}

# The HTTP answer to publishing with a fixed key.
publish() {
  curl -sS --noproxy '*' "http://$(value_of BELFRY_INGEST_HTTP)/v1/notify" \
    -H "Authorization: Bearer $(value_of BELFRY_API_KEY)" -H 'Content-Type: application/json' \
    -H 'Idempotency-Key: dev-script' -d '{"userId":"bob","title":"still here?"}'
}

BELFRY_PORT_OFFSET="$(free_offset)"
export BELFRY_PORT_OFFSET

test_that "up -d starts the stack and shows a notification arriving"
"$dev" up -d --edges 2 >"$BELFRY_DEV_DIR/out" 2>&1 || { cat "$BELFRY_DEV_DIR/out"; fail "up"; }
grep -q '"title":"Hello from belfry"' "$BELFRY_DEV_DIR/out" || fail "no notification was shown"
grep -q '^  curl -N http://' "$BELFRY_DEV_DIR/out" || fail "no command for the stream was printed"
for name in nats store ingest edge-1 edge-2; do
  kill -0 "$(pid_of "$name")" || fail "$name does not run"
done
"$dev" status | grep -q '^edge-2 .* ready ' || fail "status does not say that edge-2 is ready"

test_that "the printed commands work as they stand"
printed="$(sed -n '/^  curl http/,/^ *-H .Content/p' "$BELFRY_DEV_DIR/out")"
bash -c "$printed" 2>/dev/null | grep -q '"duplicate":false' || fail "the printed publish: $printed"

test_that "belfry health says what an admin port says, and when there is none"
belfry="$BELFRY_BIN_DIR/belfry"
"$belfry" health "http://$(value_of BELFRY_STORE_ADMIN)/readyz" | grep -q '"ok":true' ||
  fail "the store is not healthy"
code=0
"$belfry" health "http://$(value_of BELFRY_STORE_ADMIN)/nowhere" 2>/dev/null || code=$?
[[ $code -eq 1 ]] || fail "exit code $code for a 404"
code=0
"$belfry" health "http://127.0.0.1:$((7199 + BELFRY_PORT_OFFSET))/readyz" 2>/dev/null || code=$?
[[ $code -eq 4 ]] || fail "exit code $code for a port where nobody listens"

test_that "secrets are readable by their owner only"
for file in "$BELFRY_DEV_DIR"/secrets/* "$BELFRY_DEV_DIR/dev.env"; do
  [[ "$(stat -c %a "$file")" == 600 ]] || fail "$file has mode $(stat -c %a "$file")"
done

test_that "up again leaves everything alone"
before="$(pids)"
"$dev" up -d >/dev/null 2>&1 || fail "the second up"
[[ "$(pids)" == "$before" ]] || fail "a process was replaced"

test_that "what has died is started again, on the same data"
publish | grep -q '"duplicate":false' || fail "publish"
store="$(pid_of store)"
edge="$(pid_of edge-2)"
kill -KILL "$store"
wait_until "the store is gone" bash -c "! [[ -e /proc/$store/exe ]]"
if "$dev" status >"$BELFRY_DEV_DIR/out"; then fail "status is happy without a store"; fi
grep -q '^store .*stopped' "$BELFRY_DEV_DIR/out" || fail "status does not name the store"
"$dev" up -d >/dev/null 2>&1 || fail "up after a crash"
[[ "$(pid_of store)" != "$store" ]] || fail "the store was not started"
[[ "$(pid_of edge-2)" == "$edge" ]] || fail "an edge was replaced"
publish | grep -q '"duplicate":true' || fail "what was stored before the crash is gone"

test_that "a pid file whose pid is another program's is not used"
kill -KILL "$(pid_of edge-2)"
sleep 300 &
stranger=$!
printf '%s\n' "$stranger" >"$BELFRY_DEV_DIR/run/edge-2.pid"
"$dev" up -d >/dev/null 2>&1 || fail "up with a stale pid file"
[[ "$(pid_of edge-2)" != "$stranger" ]] || fail "edge-2 was not started"
kill -0 "$stranger" || fail "the other program was killed"
kill "$stranger"

test_that "down stops everything and is harmless twice"
running="$(pids)"
"$dev" down 2>/dev/null || fail "down"
for pid in $running; do
  [[ ! -e "/proc/$pid/exe" ]] || fail "process $pid still runs"
done
"$dev" down 2>/dev/null || fail "the second down"

test_that "a port that another program holds is named, and nothing is started"
python3 -m http.server --bind 127.0.0.1 $((8080 + BELFRY_PORT_OFFSET)) >/dev/null 2>&1 &
stranger=$!
wait_until "the stranger listens" listens $((8080 + BELFRY_PORT_OFFSET))
if "$dev" up -d 2>"$BELFRY_DEV_DIR/out"; then fail "up on a taken port"; fi
grep -q "the port $((8080 + BELFRY_PORT_OFFSET)) is taken" "$BELFRY_DEV_DIR/out" ||
  fail "the port is not named: $(cat "$BELFRY_DEV_DIR/out")"
"$dev" down 2>&1 | grep -q 'nothing runs' || fail "something was started"
kill "$stranger"
wait "$stranger" 2>/dev/null || true
stranger=""

test_that "an up that fails stops what it had started, and the next one may lie elsewhere"
mv "$BELFRY_DEV_DIR/data/store" "$BELFRY_DEV_DIR/data/kept"
: >"$BELFRY_DEV_DIR/data/store" # no folder
if "$dev" up -d >"$BELFRY_DEV_DIR/out" 2>&1; then fail "up without a folder for the store"; fi
grep -q 'store stopped while it was starting' "$BELFRY_DEV_DIR/out" ||
  fail "the store is not named: $(cat "$BELFRY_DEV_DIR/out")"
"$dev" down 2>&1 | grep -q 'nothing runs' || fail "something runs after a failed up"
rm "$BELFRY_DEV_DIR/data/store"
mv "$BELFRY_DEV_DIR/data/kept" "$BELFRY_DEV_DIR/data/store"
BELFRY_PORT_OFFSET="$(free_offset)"
"$dev" up -d 2>/dev/null | true || true # nobody reads the hints, and the stack stays all the same
"$dev" status >/dev/null || fail "up at another offset"
[[ "$(value_of BELFRY_EDGE_HTTP)" == "127.0.0.1:$((8080 + BELFRY_PORT_OFFSET))" ]] ||
  fail "the edge listens on $(value_of BELFRY_EDGE_HTTP)"
"$dev" down 2>/dev/null || fail "down"

test_that "in the foreground it says when a process dies, and stops all at its own end"
# The signal can arrive at any point of the shell's work; a broken trap passed most single rounds.
for _ in 1 2 3 4; do
  : >"$BELFRY_DEV_DIR/out" # else the last round's words would be taken for this one's
  "$dev" up >"$BELFRY_DEV_DIR/out" 2>&1 &
  foreground=$!
  wait_until "the stack is up" grep -q 'Ctrl-C stops all' "$BELFRY_DEV_DIR/out"
  running="$(pids)"
  kill -KILL "$(pid_of ingest)"
  wait_until "the death is said" grep -q 'ingest has stopped' "$BELFRY_DEV_DIR/out"
  kill -TERM "$foreground"
  wait "$foreground" || fail "up ended with an error: $(cat "$BELFRY_DEV_DIR/out")"
  for pid in $running; do
    [[ ! -e "/proc/$pid/exe" ]] || fail "process $pid outlived up"
  done
done
printf 'all is well\n'
