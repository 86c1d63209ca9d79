# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The stack's processes: start, watch, stop. A process is known by its pid file, and believed only
# if that pid runs our binary in our folder: pids are reused.

STOP_SECONDS=30
LOG_BYTES_MAX=$((16 * 1024 * 1024))
STARTED=() # by this ./dev, in the order of starting

pid_file() { printf '%s\n' "$DEV_DIR/run/$1.pid"; }
log_file() { printf '%s\n' "$DEV_DIR/log/$1.log"; }

# program NAME: the executable behind a process's name.
program() {
  case "$1" in
    nats) command -v nats-server ;;
    store | ingest) printf '%s\n' "$BIN_DIR/belfry-$1" ;;
    edge-*) printf '%s\n' "$BIN_DIR/belfry-edge" ;;
    *) die "no such service: $1 (nats, store, ingest, edge-1, ...)" ;;
  esac
}

# The pid of a running process; fails when it does not run, or when the pid is another's by now.
running_pid() {
  local pid executable
  pid="$(cat "$(pid_file "$1")" 2>/dev/null)" && [[ "$pid" =~ ^[0-9]+$ ]] || return 1
  executable="$(readlink "/proc/$pid/exe" 2>/dev/null)" || return 1
  # A rebuilt binary shows as "<path> (deleted)".
  [[ "${executable% (deleted)}" == "$(realpath -m "$(program "$1")")" ]] || return 1
  [[ "$(readlink "/proc/$pid/cwd")" == "$(realpath "$DEV_DIR")" ]] || return 1
  printf '%s\n' "$pid"
}

# Every name with a pid file, in the order of starting.
known_names() {
  local name file
  for name in nats store ingest; do
    if [[ -f "$(pid_file "$name")" ]]; then printf '%s\n' "$name"; fi
  done
  for file in "$DEV_DIR"/run/edge-*.pid; do
    if [[ -f "$file" ]]; then basename "$file" .pid; fi
  done | sort -t- -k2n
}

running_names() {
  local name
  for name in $(known_names); do
    if running_pid "$name" >/dev/null; then printf '%s\n' "$name"; fi
  done
}

# start NAME ARGS...: in a session of its own, so that Ctrl-C reaches only ./dev, which stops them in
# order. What runs already is left alone.
start() {
  local name="$1" pid
  shift
  running_pid "$name" >/dev/null && {
    say "    $name runs already (pid $(running_pid "$name"))"
    return
  }
  rotate_log "$name"
  pid="$(
    cd "$DEV_DIR" || exit 1
    setsid "$(program "$name")" "$@" </dev/null >>"$(log_file "$name")" 2>&1 &
    printf '%s\n' "$!"
  )"
  printf '%s\n' "$pid" >"$(pid_file "$name")"
  STARTED+=("$name")
  await_exec "$name" "$pid"
}

# Before anything is started: no stranger sits on the ports of NAME.
free_or_die() {
  local address
  running_pid "$1" >/dev/null && return
  for address in $(addresses_of "$1"); do
    listens "$address" || continue
    die "$1 cannot listen on $address: the port ${address##*:} is taken$(port_owner "$address")." \
      "Stop that program, or move this stack: ./dev down; BELFRY_PORT_OFFSET=10000 ./dev up"
  done
}

rotate_log() {
  local file size
  file="$(log_file "$1")"
  size="$(stat -c %s "$file" 2>/dev/null)" || return 0
  ((size < LOG_BYTES_MAX)) || mv "$file" "$file.1"
}

# Between fork and exec the pid is not yet recognisable.
await_exec() {
  local name="$1" pid="$2" tries
  for ((tries = 0; tries < 100; tries++)); do
    running_pid "$name" >/dev/null && return
    [[ -d "/proc/$pid" ]] || died "$name"
    sleep 0.02
  done
  died "$name"
}

died() {
  say "dev: $1 stopped while it was starting; the end of $(log_file "$1"):"
  tail -n 20 "$(log_file "$1")" | sed 's/^/    /' >&2
  exit 1
}

# await_ready NAME URL SECONDS: until URL answers 200.
await_ready() {
  local name="$1" url="$2" deadline=$((SECONDS + $3))
  until curl -fsS --max-time 2 -o "$DEV_DIR/run/ready.out" "$url" 2>/dev/null; do
    running_pid "$name" >/dev/null || died "$name"
    if ((SECONDS >= deadline)); then
      say "dev: $name is not ready after $3 s; $url says:"
      curl -sS --max-time 2 "$url" >&2 || true
      say "the end of $(log_file "$name"):"
      tail -n 20 "$(log_file "$name")" | sed 's/^/    /' >&2
      exit 1
    fi
    sleep 0.1
  done
}

# Stops the named processes together and waits for them.
stop() {
  local name pid
  for name in "$@"; do
    if pid="$(running_pid "$name")"; then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for name in "$@"; do
    stopped "$name"
    rm -f "$(pid_file "$name")"
  done
}

# Waits for the end of one; after STOP_SECONDS it is killed, which is said.
stopped() {
  local name="$1" pid deadline=$((SECONDS + STOP_SECONDS))
  while pid="$(running_pid "$name")"; do
    if ((SECONDS >= deadline)); then
      say "    $name did not stop within $STOP_SECONDS s: killed"
      kill -KILL "$pid" 2>/dev/null || true
      deadline=$((SECONDS + STOP_SECONDS))
    fi
    sleep 0.05
  done
}

down() {
  [[ $# -eq 0 ]] || die "down takes no arguments"
  local names
  names="$(running_names)"
  if [[ -z "$names" ]]; then
    say "nothing runs"
  else
    step "stopping ${names//$'\n'/ }"
  fi
  # Who accepts goes first, what is depended on last.
  mapfile -t names < <(known_names | grep -E '^(ingest|edge-)')
  stop "${names[@]}"
  stop store
  stop nats
}

# The programs that have a log.
logged_names() {
  local file
  for file in "$DEV_DIR"/log/*.log; do
    if [[ -f "$file" ]]; then basename "$file" .log; fi
  done
}

logs() {
  local follow=() names=() files=() name
  for name in "$@"; do
    case "$name" in
      -f) follow=(-F) ;;
      -*) die "logs: unknown option $name" ;;
      *) program "$name" >/dev/null && names+=("$name") ;;
    esac
  done
  [[ ${#names[@]} -gt 0 ]] || mapfile -t names < <(known_names)
  # After ./dev down no program is known, but what they wrote is there.
  [[ ${#names[@]} -gt 0 ]] || mapfile -t names < <(logged_names)
  for name in "${names[@]}"; do
    [[ -f "$(log_file "$name")" ]] && files+=("$(log_file "$name")")
  done
  [[ ${#files[@]} -gt 0 ]] || die "no logs yet; start the stack with ./dev up"
  exec tail -n 200 "${follow[@]}" "${files[@]}"
}
