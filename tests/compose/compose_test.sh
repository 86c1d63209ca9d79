#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compose.yaml with the images of deploy/Dockerfile, started by docker-compose under podman, in mount
# and network namespaces of its own: the machine's rules and ports are left alone. The images' first
# stage, which compiles, is replaced by the programs of a build folder; every other stage is as it is. The
# base is this machine's own Debian, which the programs were built on.
#
# podman needs systemd for `depends_on: condition` and for running health checks by itself, so the test
# starts in steps and runs the checks.
#
# compose_test.sh SOURCE_FOLDER BUILD_FOLDER
set -euo pipefail

SKIPPED=77 # CMakeLists.txt
NEEDED=(podman docker-compose debootstrap iptables node chromium)
PROJECT=belfrytest
SECONDS_MAX=60
DEBIAN="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"
BASE_IMAGE="docker.io/library/debian:$DEBIAN-slim"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

skip() {
  echo "skipped: $*"
  exit "$SKIPPED"
}

step() { printf '==> %s (at %s s)\n' "$*" "$SECONDS"; }

# eventually WHAT COMMAND...: within SECONDS_MAX.
eventually() {
  local what="$1" end=$((SECONDS + SECONDS_MAX))
  shift
  until "$@" >"$WORK/last" 2>&1; do
    ((SECONDS < end)) || {
      tail -n 20 "$WORK/last" >&2
      fail "$what within $SECONDS_MAX s"
    }
    sleep 0.3
  done
}

# --- outside: what is needed, the base, the images --------------------------------------------

check_needed() {
  local one
  [[ -n "${BELFRY_COMPOSE_TEST:-}" ]] || skip "only ./dev test compose runs it"
  [[ "$(id -u)" -eq 0 ]] || skip "needs root"
  unshare --net --mount --fork true 2>/dev/null || skip "needs namespaces"
  for one in "${NEEDED[@]}"; do
    command -v "$one" >/dev/null || skip "needs $one; ./dev test compose brings it"
  done
}

configure_podman() {
  cat >"$WORK/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$WORK/networks"
CONF
  cat >"$WORK/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$WORK/graph"
runroot = "$WORK/run"
CONF
  export CONTAINERS_CONF="$WORK/containers.conf" CONTAINERS_STORAGE_CONF="$WORK/storage.conf"
}

# The base image out of Debian's mirror, kept in the build folder.
base_image() {
  local base="$BUILD/compose-base-$DEBIAN.tar"
  if [[ ! -f "$base" ]]; then
    step "making a base image"
    debootstrap --variant=minbase "$DEBIAN" "$WORK/base" >"$WORK/log" 2>&1 || {
      tail -n 5 "$WORK/log"
      skip "debootstrap failed"
    }
    rm -f "$WORK"/base/var/cache/apt/archives/*.deb
    echo force-unsafe-io >"$WORK/base/etc/dpkg/dpkg.cfg.d/unsafe-io" # as Docker's own base has it
    tar -C "$WORK/base" -cf "$base.new" .
    mv "$base.new" "$base"
    rm -rf "$WORK/base"
  fi
  podman import "$base" "$BASE_IMAGE" >"$WORK/log" 2>&1 || {
    cat "$WORK/log"
    skip "podman cannot import an image here"
  }
}

build_images() {
  local target
  mkdir -p "$WORK/context/image/bin"
  cp -r "$SOURCE/deploy" "$WORK/context/"
  cp "$BUILD"/bin/belfry{,-store,-ingest,-edge} "$WORK/context/image/bin/"
  strip "$WORK"/context/image/bin/*
  "$SOURCE/deploy/runtime-packages.sh" "$WORK"/context/image/bin/* >"$WORK/context/image/packages"
  awk '/^FROM .* AS build$/ { print "FROM scratch AS build\nCOPY image/ /out/"; skip = 1; next }
       /^FROM / { skip = 0 }
       !skip' "$SOURCE/deploy/Dockerfile" >"$WORK/context/Dockerfile"
  for target in belfry nats proxy; do
    step "building the image of $target"
    podman build --pull=never --isolation=chroot --network=host --layers --target "$target" \
      --build-arg "DEBIAN=$BASE_IMAGE" \
      --tag "belfry${target/#/-}:local" --file "$WORK/context/Dockerfile" "$WORK/context" \
      >"$WORK/log" 2>&1 || {
      tail -n 20 "$WORK/log" >&2
      fail "the image of $target"
    }
  done
  podman tag belfry-belfry:local belfry:local
  podman images --format '{{.Repository}} {{.Size}}'
}

# --- inside: the stack ------------------------------------------------------------------------

compose() { docker-compose -f "$SOURCE/compose.yaml" -f "$WORK/override.yaml" "$@"; }

# The limit of processes that podman sets by default is above what this machine allows.
write_override() {
  local service
  printf 'version: "3.8"\nservices:\n'
  for service in keys nats store ingest edge proxy; do
    printf '  %s: {ulimits: {nofile: 20000, nproc: 30000}}\n' "$service"
  done
}

# container SERVICE [N]: its name, as Compose 1 (Debian 12) and Compose 2 give it.
container() {
  if [[ "$COMPOSE_VERSION" == 1.* ]]; then
    printf '%s_%s_%s\n' "$PROJECT" "$1" "${2:-1}"
  else
    printf '%s-%s-%s\n' "$PROJECT" "$1" "${2:-1}"
  fi
}

healthy() { podman healthcheck run "$(container "$@")"; }
unhealthy() { ! healthy "$@"; }

up() { compose up -d --no-build --no-deps "$@" >"$WORK/log" 2>&1 || {
  cat "$WORK/log" >&2
  fail "docker-compose up $*"
}; }

start_all() {
  local service
  step "keys"
  up keys
  eventually "keys are made" bash -c "[[ \"\$(podman inspect --format '{{.State.Status}}' $(container keys))\" == exited ]]"
  [[ "$(podman inspect --format '{{.State.ExitCode}}' "$(container keys)")" == 0 ]] || fail "keys"
  step "all others"
  up nats store ingest edge proxy
  # The producer's key, as docs/install.md has it.
  step "the producer's key"
  PRODUCER_KEY="$(compose run --rm -T keys cat /var/lib/belfry/keys/api-key.txt 2>"$WORK/log")" ||
    fail "the producer's key: $(cat "$WORK/log")"
  step "all are healthy"
  for service in nats store ingest edge proxy; do
    eventually "$service is healthy" healthy "$service"
  done
  eventually "the second edge is healthy" healthy edge 2
}

publish() {
  curl -sS --fail --max-time 5 http://127.0.0.1:7180/v1/notify -H "Authorization: Bearer $PRODUCER_KEY" \
    -H 'Content-Type: application/json' -d "{\"userId\":\"alice\",\"title\":\"$1\"}"
}

# token [USER]: made by the program in the container.
token() {
  podman exec "$(container edge)" belfry token --user "${1:-alice}" --project demo
}

# follow TOKEN: alice's stream through the proxy. Like an EventSource it comes back when a stream ends, as one
# does whose edge has only just started; each has all entries that are kept.
follow() {
  trap 'kill "$!" 2>/dev/null || true; exit' TERM
  while true; do
    curl -sS -N --max-time "$SECONDS_MAX" -H "Authorization: Bearer $1" -H 'Last-Event-ID: 0' \
      http://127.0.0.1:8080/v1/stream &
    wait $! || true
    sleep 0.5
  done
}

# one_notification TITLE: published on the host, it arrives on a stream through the proxy.
one_notification() {
  local title="$1" stream
  follow "$(token)" >"$WORK/stream" 2>&1 &
  stream=$!
  eventually "$title is published" publish "$title"
  eventually "$title arrives" grep -q "$title" "$WORK/stream"
  kill "$stream" 2>/dev/null || true
}

check_browser() {
  step "a browser's bell through the proxy, while every edge is restarted"
  cat >"$WORK/restart-edge" <<SCRIPT
#!/bin/sh
exec podman restart --time 45 "$(container edge "\$1")"
SCRIPT
  chmod +x "$WORK/restart-edge"
  PROXY=http://127.0.0.1:8080 INGEST=http://127.0.0.1:7180 PRODUCER_KEY="$PRODUCER_KEY" \
    TOKEN="$(token bella)" RESTART="$WORK/restart-edge" EDGES=2 \
    node --test "$SOURCE/tests/compose/bell_test.mjs" || fail "the bell in a browser"
}

check_restarts() {
  local service
  for service in nats store ingest edge proxy; do
    step "restart of $service"
    podman restart --time 45 "$(container "$service")" >/dev/null || fail "restart of $service"
    one_notification "after the restart of $service"
  done
}

# limit_of SERVICE: its memory limit in bytes as the engine keeps it.
limit_of() { podman inspect --format '{{.HostConfig.Memory}}' "$(container "$1")"; }

check_limits() {
  local service wanted
  step "memory limits"
  for service in nats store ingest edge proxy; do
    wanted=$((1024 * 1024 * 1024))
    [[ "$service" != store ]] || wanted=$((2 * wanted))
    [[ "$(limit_of "$service")" == "$wanted" ]] || fail "$service has the limit $(limit_of "$service")"
  done
}

# What NATS says to who connects without a user, from a container that reaches it.
nats_answers_a_stranger() {
  # shellcheck disable=SC2016  # for the inner shell
  podman exec "$(container edge)" bash -c 'exec 3<>/dev/tcp/nats/4222
    printf "CONNECT {}\r\nPING\r\n" >&3; timeout 5 cat <&3' || true
}

check_confinement() {
  local service id
  step "what containers may do"
  for service in nats store ingest edge proxy; do
    id="$(container "$service")"
    podman exec "$id" sh -c 'echo x >/usr/x' 2>/dev/null && fail "$service writes to its root"
    podman exec "$id" grep -q '^CapEff:\s*0*$' /proc/1/status || fail "$service has capabilities"
    podman exec "$id" grep -q '^NoNewPrivs:\s*1' /proc/1/status || fail "$service may gain privileges"
  done
  for service in nats store ingest edge; do
    [[ "$(podman exec "$(container "$service")" ls /var/lib/belfry/keys | sort)" == \
      "$("$SOURCE/deploy/make-keys.sh" --files "$service" | tr ' ' '\n' | sort)" ]] ||
      fail "$service sees the keys $(podman exec "$(container "$service")" ls /var/lib/belfry/keys)"
  done
  local reached
  for reached in store:7201 nats:8222 ingest:7101; do
    podman exec "$(container proxy)" belfry health "http://$reached/livez" >/dev/null 2>&1 &&
      fail "the proxy reaches $reached"
  done
  podman exec "$(container nats)" belfry health http://ingest:7101/livez >/dev/null 2>&1 &&
    fail "NATS reaches ingest"
  grep -q "Authorization Violation" <<<"$(nats_answers_a_stranger)" ||
    fail "NATS lets in who names no user: $(nats_answers_a_stranger)"
  eventually "the proxy reaches an edge" podman exec "$(container proxy)" belfry health http://edge:8090/livez
}

# freeze SIGNAL SERVICE: to all of a container's processes but its init and the checks, which come later.
freeze() {
  local init pids
  init="$(podman inspect --format '{{.State.Pid}}' "$(container "$2")")"
  [[ "$init" -gt 0 ]] || fail "no process of $2"
  mapfile -t pids < <(processes_beside "$init")
  kill "-$1" "${pids[@]}" || fail "$1 to $2"
}

# processes_beside PID: those that live in the same container.
processes_beside() {
  local space pid
  space="$(readlink "/proc/$1/ns/pid")"
  for pid in $(cd /proc && echo [0-9]*); do
    [[ "$pid" == "$1" || "$(readlink "/proc/$pid/ns/pid")" != "$space" ]] || echo "$pid"
  done
}

# What an operator sees: the state that the engine derives from failures in a row.
health_state() { podman inspect --format '{{.State.Health.Status}}' "$(container "$1")"; }
shows() { [[ "$(health_state "$1")" == "$2" ]]; }
checked_until() {
  if [[ "$2" == healthy ]]; then healthy "$1" || true; else unhealthy "$1"; fi
  shows "$1" "$2"
}

check_health_turns_red() {
  local service
  step "health checks turn red, and green again"
  for service in nats store proxy; do
    freeze STOP "$service"
    eventually "$service is shown as unhealthy while it stands still" checked_until "$service" unhealthy
    freeze CONT "$service"
    eventually "$service is shown as healthy again" checked_until "$service" healthy
  done
  podman stop --time 45 "$(container store)" >/dev/null
  for service in ingest edge; do
    eventually "$service is shown as unhealthy without a store" checked_until "$service" unhealthy
  done
  podman start "$(container store)" >/dev/null
  for service in store ingest edge; do
    eventually "$service is shown as healthy again" checked_until "$service" healthy
  done
  one_notification "after the store was away"
}

# Asks the proxy once, and whether the third edge has answered by now.
third_edge_answers() {
  curl -sS --max-time 3 -o /dev/null -H "Authorization: Bearer $1" http://127.0.0.1:8080/v1/counts
  podman exec "$(container edge 3)" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8090
    printf "GET /metrics HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n" >&3; cat <&3' |
    grep '^belfry_edge_api_requests_total{.*GET /v1/counts.*} [1-9]'
}

check_scale() {
  step "three edges"
  up --scale edge=3 edge
  eventually "the third edge is healthy" healthy edge 3
  eventually "the proxy sends to the third" third_edge_answers "$(token)"
  one_notification "with three edges"
}

inside() {
  ip link set lo up
  mkdir -p /run/netns
  mount -t tmpfs tmpfs /run/netns
  export DOCKER_HOST="unix://$WORK/podman.sock" COMPOSE_PROJECT_NAME="$PROJECT"
  export CONTAINERS_CONF="$WORK/containers.conf" CONTAINERS_STORAGE_CONF="$WORK/storage.conf"
  podman system service --time=0 "$DOCKER_HOST" >"$WORK/service.log" 2>&1 &
  trap 'podman rm -af --time 1 >/dev/null 2>&1; podman volume prune -f >/dev/null 2>&1' EXIT
  eventually "podman serves" test -S "$WORK/podman.sock"
  COMPOSE_VERSION="$(docker-compose version --short)"
  write_override >"$WORK/override.yaml"
  local begin=$SECONDS
  step "start"
  start_all
  step "a notification"
  one_notification "the first"
  echo "first notification $((SECONDS - begin)) s after the images were there"
  check_limits
  check_confinement
  check_browser
  check_health_turns_red
  check_restarts
  check_scale
  echo "compose: started, rung in a browser, restarted, scaled, confined"
}

if [[ "${1:-}" == --inside ]]; then
  SOURCE="$2" BUILD="$3" WORK="$4"
  inside
  exit
fi
SOURCE="$1" BUILD="$2"
check_needed
WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT
configure_podman
base_image
build_images
unshare --net --mount --pid --fork --kill-child --mount-proc "$0" --inside "$SOURCE" "$BUILD" "$WORK"
