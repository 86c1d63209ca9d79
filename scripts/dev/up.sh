# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev up and ./dev status: the whole stack on loopback, shown to work.

READY_SECONDS=60
DEMO_SECONDS=10
DEMO_USER=alice

up() {
  local detach="" edges=""
  while [[ $# -gt 0 ]]; do
    case "$1" in
      -d) detach=yes ;;
      --edges)
        [[ "${2:-}" =~ ^[1-9][0-9]?$ ]] || die "--edges needs a number from 1 to 99"
        edges="$2"
        shift
        ;;
      *) die "up: unknown argument $1" ;;
    esac
    shift
  done
  prepare
  # A stack that runs keeps its addresses and its edges.
  [[ -z "$(running_names)" ]] || load_env || true
  edges="$(edges_wanted "$edges")"
  choose_addresses "$edges"
  make_keys
  write_env
  trap stop_started EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  start_all "$edges"
  make_segment
  show_one_notification
  # From here on a detached stack stays, whoever reads the hints or does not.
  [[ -z "$detach" ]] || trap - EXIT INT TERM
  print_hints
  [[ -n "$detach" ]] || stay
}

# An up that fails leaves what ran before it, and nothing else.
stop_started() {
  local code=$? at
  trap "" INT TERM
  for ((at = ${#STARTED[@]} - 1; at >= 0; at--)); do
    say "    stopping ${STARTED[at]} again"
    stop "${STARTED[at]}"
  done
  exit "$code"
}

prepare() {
  want_commands "${STACK_COMMANDS[@]}"
  [[ -n "${BELFRY_BIN_DIR:-}" ]] || want_build
  install_wanted
  mkdir -p "$DEV_DIR"/{run,log,data,secrets}
  chmod 700 "$DEV_DIR/secrets"
  [[ -n "${BELFRY_BIN_DIR:-}" ]] || build dev belfry-store belfry-ingest belfry-edge belfry
}

# The number asked for; else as many as are known, so that a second `up` revives a dead one.
edges_wanted() {
  local last
  [[ -n "$1" ]] && printf '%s\n' "$1" && return
  last="$(known_names | sed -n 's/^edge-//p' | tail -n 1)"
  printf '%s\n' "${last:-1}"
}

# Keys are made once and then kept: tokens and producers outlive a restart.
make_keys() {
  [[ -f "$JWT_KEYS_FILE" ]] || private "$JWT_KEYS_FILE" "$BIN_DIR/belfry" jwt-keys new
  [[ -f "$ANNOUNCE_KEYS_FILE" ]] ||
    private "$ANNOUNCE_KEYS_FILE" "$BIN_DIR/belfry" announce-keys new
  "$ROOT/deploy/make-nats-users.sh" "$DEV_DIR/secrets"
  make_internal_keys
  [[ -f "$API_KEYS_FILE" && -f "$API_KEY_TEXT_FILE" ]] && return
  private "$API_KEY_TEXT_FILE" "$BIN_DIR/belfry" keys new --file "$API_KEYS_FILE.new" \
    --id dev --project "$DEMO_PROJECT" --scopes notify,broadcast,inbox,audience
  mv "$API_KEYS_FILE.new" "$API_KEYS_FILE"
}

# By which the store knows ingest and the edges.
make_internal_keys() {
  [[ -f "$INTERNAL_KEYS_FILE" && -f "$INGEST_KEY_FILE" && -f "$EDGE_KEY_FILE" ]] && return
  rm -f "$INTERNAL_KEYS_FILE.new"
  private "$INGEST_KEY_FILE" "$BIN_DIR/belfry" internal-keys new --file "$INTERNAL_KEYS_FILE.new" \
    --id ingest --roles ingest
  private "$EDGE_KEY_FILE" "$BIN_DIR/belfry" internal-keys new --file "$INTERNAL_KEYS_FILE.new" \
    --id edge --roles edge
  mv "$INTERNAL_KEYS_FILE.new" "$INTERNAL_KEYS_FILE"
}

# private FILE COMMAND...: the command's output as a file that only its owner reads.
private() {
  local file="$1"
  shift
  (umask 077 && "$@" >"$file.new") || die "$1 could not make $file"
  mv "$file.new" "$file"
}

start_all() {
  local edges="$1" edge name
  local nats_url="nats://${ADDRESS[NATS]}"
  step "starting nats-server, store, ingest and $edges edge(s)"
  for name in nats store ingest $(seq -f edge-%g "$edges"); do free_or_die "$name"; done
  start nats -c "$DEV_DIR/secrets/nats-users.conf" -a "${ADDRESS[NATS]%:*}" -p "${ADDRESS[NATS]##*:}"
  BELFRY_GRPC_REFLECTION=true start store \
    --store-grpc "${ADDRESS[STORE_GRPC]}" --store-admin "${ADDRESS[STORE_ADMIN]}" \
    --store-data "$DEV_DIR/data/store" --nats-url "$nats_url" \
    --nats-credentials-file "$DEV_DIR/secrets/nats-store.txt" \
    --announce-keys-file "$ANNOUNCE_KEYS_FILE" \
    --internal-keys-file "$INTERNAL_KEYS_FILE" --core-dumps
  BELFRY_GRPC_REFLECTION=true start ingest \
    --ingest-grpc "${ADDRESS[INGEST_GRPC]}" --ingest-http "${ADDRESS[INGEST_HTTP]}" \
    --ingest-admin "${ADDRESS[INGEST_ADMIN]}" --store-grpc "${ADDRESS[STORE_GRPC]}" \
    --api-keys-file "$API_KEYS_FILE" --internal-key-file "$INGEST_KEY_FILE" --core-dumps
  for ((edge = 1; edge <= edges; edge++)); do
    start "edge-$edge" \
      --edge-http "${ADDRESS[EDGE_${edge}_HTTP]}" --edge-admin "${ADDRESS[EDGE_${edge}_ADMIN]}" \
      --store-grpc "${ADDRESS[STORE_GRPC]}" --nats-url "$nats_url" \
      --nats-credentials-file "$DEV_DIR/secrets/nats-edge.txt" \
      --announce-keys-file "$ANNOUNCE_KEYS_FILE" --internal-key-file "$EDGE_KEY_FILE" --core-dumps \
      --jwt-keys-file "$JWT_KEYS_FILE" --demo --ingest-http "${ADDRESS[INGEST_HTTP]}" \
      --demo-api-key-file "$API_KEY_TEXT_FILE"
  done
  for name in $(known_names); do
    [[ "$name" == nats ]] || await_ready "$name" "$(ready_url "$name")" "$READY_SECONDS"
  done
}

# store -> http://<its admin address>/readyz
ready_url() {
  local key="${1^^}"
  printf 'http://%s/readyz\n' "${ADDRESS[${key//-/_}_ADMIN]}"
}

stream_token() {
  BELFRY_JWT_KEYS_FILE="$JWT_KEYS_FILE" "$BIN_DIR/belfry" token \
    --user "$DEMO_USER" --project "$DEMO_PROJECT" --ttl 24h
}

# ask METHOD PATH JSON: a producer's request to ingest.
ask() {
  curl -fsS --max-time 10 -X "$1" "http://${ADDRESS[INGEST_HTTP]}$2" \
    -H "Authorization: Bearer $(<"$API_KEY_TEXT_FILE")" -H 'Content-Type: application/json' -d "$3"
}

publish() {
  ask POST /v1/notify \
    "{\"userId\":\"$DEMO_USER\",\"kind\":\"demo.hello\",\"title\":\"$1\",\"body\":\"$2\"}"
}

# The demo page's form names it.
make_segment() {
  {
    ask PUT /v1/segments/beta '{}' && ask POST /v1/segments/beta/add '{"userIds":["alice","bob"]}'
  } >/dev/null || die "the segment beta could not be made"
}

# A stream is opened first, then one notification is published; what arrives is printed.
show_one_notification() {
  local seen="$DEV_DIR/run/demo.sse" token answer listener
  token="$(stream_token)"
  : >"$seen"
  curl -sN --max-time $((DEMO_SECONDS * 3)) -H "Authorization: Bearer $token" \
    "http://${ADDRESS[EDGE_1_HTTP]}/v1/stream" >"$seen" 2>&1 &
  listener=$!
  await_text "$seen" 'event: connected' "the stream of edge-1 did not open"
  answer="$(publish 'Hello from belfry' 'Committed, announced, delivered.')" ||
    die "the notification could not be published"
  say "    published: $answer"
  await_text "$seen" '^data: .*Hello from belfry.*}' "the notification did not arrive"
  kill "$listener" 2>/dev/null || true
  wait "$listener" 2>/dev/null || true
  say "    arrived on $DEMO_USER's stream:"
  awk 'BEGIN { RS = "" } /event: notification/ { print; exit }' "$seen" | sed 's/^/      /' >&2
}

await_text() {
  local deadline=$((SECONDS + DEMO_SECONDS))
  until grep -q -- "$2" "$1"; do
    ((SECONDS < deadline)) || {
      cat "$1" >&2
      die "$3 within $DEMO_SECONDS s; see ./dev logs"
    }
    sleep 0.02
  done
}

print_hints() {
  cat <<HINTS

belfry is up. The bell:  http://${ADDRESS[EDGE_1_HTTP]}/

Watch $DEMO_USER's stream:
  curl -N http://${ADDRESS[EDGE_1_HTTP]}/v1/stream -H 'Authorization: Bearer $(stream_token)'

Notify $DEMO_USER:
  curl http://${ADDRESS[INGEST_HTTP]}/v1/notify -H 'Authorization: Bearer $(<"$API_KEY_TEXT_FILE")' \\
    -H 'Content-Type: application/json' -d '{"userId":"$DEMO_USER","title":"Lunch?","body":"At noon."}'

Addresses and keys: ${ENV_FILE#"$ROOT"/}   processes: ./dev status   stop: ./dev down
HINTS
}

# Until Ctrl-C: says when a process has died and stops all at the end. It restarts nothing, so that
# a crash is seen; a second ./dev up does.
stay() {
  local watcher
  watch_processes &
  watcher=$!
  # This shell only waits: bash 5.2 cannot run a trap while it parses a $(...), it ends with
  # "unexpected EOF while looking for matching `)'".
  trap 'trap "" INT TERM; stop_watched "$watcher"; exit 0' INT TERM
  trap - EXIT
  say "Ctrl-C stops all."
  wait "$watcher" || die "nobody looks after the processes any more; see ./dev status"
  say "nothing runs any more"
}

stop_watched() {
  kill -TERM "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
  say ""
  down
}

# Until nothing runs, or ./dev has gone: says when a process has died.
watch_processes() {
  local name
  local -A gone=()
  while [[ -n "$(running_names)" ]] && kill -0 "$$" 2>/dev/null; do
    for name in $(known_names); do
      if running_pid "$name" >/dev/null; then
        unset "gone[$name]"
      elif [[ -z "${gone[$name]:-}" ]]; then
        gone[$name]=yes
        say_gone "$name"
      fi
    done
    sleep 1
  done
}

say_gone() {
  say "dev: $1 has stopped; the end of $(log_file "$1"):"
  { tail -n 10 "$(log_file "$1")" 2>/dev/null | sed 's/^/    /' >&2; } || true
  say "./dev up in another terminal starts it again on the same data"
}

status() {
  [[ $# -eq 0 ]] || die "status takes no arguments"
  local name pid state stopped=""
  [[ -n "$(known_names)" ]] || {
    printf 'nothing runs\n'
    return 1
  }
  load_env || true
  choose_addresses "$(edges_wanted "")"
  for name in $(known_names); do
    if ! pid="$(running_pid "$name")"; then
      state=stopped pid=- stopped=yes
    else
      state="$(readiness "$name")$(outdated "$pid")"
    fi
    printf '%-8s %-8s %-28s %s\n' "$name" "$pid" "$state" "$(listening "$name")"
  done
  [[ -z "$stopped" ]]
}

readiness() {
  [[ "$1" == nats ]] && printf 'running\n' && return
  if curl -fsS --max-time 2 -o "$DEV_DIR/run/ready.out" "$(ready_url "$1")" 2>/dev/null; then
    printf 'ready\n'
  else
    printf 'not ready\n'
  fi
}

outdated() {
  [[ "$(readlink "/proc/$1/exe")" != *" (deleted)" ]] || printf ', older build'
}

# "grpc HOST:PORT http HOST:PORT admin HOST:PORT", as far as NAME has them.
listening() {
  local key="${1^^}" kind
  key="${key//-/_}"
  [[ -z "${ADDRESS[$key]:-}" ]] || printf '%s' "${ADDRESS[$key]}"
  for kind in GRPC HTTP ADMIN; do
    [[ -z "${ADDRESS[${key}_$kind]:-}" ]] || printf '%s %s  ' "${kind,,}" "${ADDRESS[${key}_$kind]}"
  done
  printf '\n'
}
