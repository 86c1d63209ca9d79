#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages of a build: lintian takes them, and they are installed, started, upgraded and
# purged. That happens in a copy of this machine's root which is thrown away: an overlay in mount, pid
# and network namespaces of its own, so the machine stays clean and no port is shared. No systemd runs
# there; services are started by their units' own ExecStart (run_unit.py).
#
# package_test.sh BUILD_FOLDER
set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
SKIPPED=77 # CMakeLists.txt
SERVICES=(belfry-store belfry-ingest belfry-edge)

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

step() { printf '==> %s\n' "$*"; }

# expect_text TEXT COMMAND...: the command's output has TEXT.
expect_text() {
  local text="$1" out
  shift
  out="$("$@" 2>&1)" || true
  grep -qF -- "$text" <<<"$out" || fail "$* did not say \"$text\": $out"
}

# --- outside: build, judge, enter -------------------------------------------------------------

build_packages() {
  local build="$1" work="$2" maintainer="A Builder <builder@example.org>"
  step "packaging"
  DEBFULLNAME="A Builder" DEBEMAIL=builder@example.org \
    DEB_BUILD_OPTIONS=noautodbgsym "$HERE/../../deploy/make-packages.sh" "$build" 1 "$work/packages"
  step "lintian"
  lintian --fail-on error --suppress-tags bad-distribution-in-changes-file \
    "$work"/packages/*.changes || fail "lintian found errors"
  expect_text "$maintainer" dpkg-deb -f "$work"/packages/belfry-store_*.deb Maintainer
  expect_text "$maintainer" grep '^Changed-By:' "$work"/packages/belfry_*.changes
}

# The same packages with a later revision: what an upgrade brings.
later_packages() {
  local work="$1" package name
  mkdir -p "$work/later"
  for package in "$work"/packages/*.deb; do
    name="$(basename "$package")"
    dpkg-deb -R "$package" "$work/unpacked"
    sed -i -E 's/^(Version:.*)-1$/\1-2/; s/(\(>?= [0-9.]+)-1\)/\1-2)/g' "$work/unpacked/DEBIAN/control"
    dpkg-deb -Znone --root-owner-group -b "$work/unpacked" "$work/later/${name/-1_/-2_}" >/dev/null
    rm -rf "$work/unpacked"
  done
}

outside() {
  local build="$1"
  if [[ "$(id -u)" -ne 0 ]] || ! unshare --mount --pid --net --fork true 2>/dev/null; then
    echo "skipped: needs root and namespaces"
    exit "$SKIPPED"
  fi
  WORK="$(mktemp -d)"
  trap 'rm -rf "$WORK"' EXIT
  build_packages "$build" "$WORK"
  step "repacking as the next revision"
  later_packages "$WORK"
  unshare --mount --pid --net --fork --kill-child "$HERE/package_test.sh" --inside "$WORK"
}

# --- inside: a root to throw away -------------------------------------------------------------

enter_root() {
  local work="$1"
  mkdir "$work/root"
  mount -t tmpfs tmpfs "$work/root"
  mkdir "$work"/root/{upper,work,merged}
  mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$work/root/upper,workdir=$work/root/work" "$work/root/merged"
  cd "$work/root/merged"
  mount -t proc proc proc
  mount --rbind /dev dev
  mount -t tmpfs tmpfs run
  mount -t tmpfs tmpfs tmp
  mkdir -p tmp/test
  cp -r "$work/packages" "$work/later" "$HERE"/*.sh "$HERE"/*.py tmp/test/
  ip link set lo up
  exec chroot . /tmp/test/package_test.sh --chroot
}

PACKAGES=/tmp/test/packages
LATER=/tmp/test/later
RUNS=/tmp/test/runs

unit() { python3 /tmp/test/run_unit.py "$@"; }

start_all() {
  local service
  for service in nats-server "${SERVICES[@]}"; do
    unit start "$service" "$RUNS" || fail "$service did not start"
  done
}

stop_all() {
  local service
  for service in belfry-edge belfry-ingest belfry-store nats-server; do
    unit stop "$service" "$RUNS" || fail "$service did not stop"
  done
}

# as USER COMMAND...
as() {
  local user="$1"
  shift
  setpriv --reuid "$user" --regid "$user" --init-groups "$@"
}

# on_full_disk FOLDER PAGES: a file system of that size there; with_room FOLDER ends that.
on_full_disk() {
  mkdir -p "$1"
  mount -t tmpfs -o "mode=755,size=$(($2 * 4096))" tmpfs "$1"
}
with_room() { mount -o remount,size=1m "$1"; }

# The installation that a full disk has ended, with what it has written, goes on when there is room.
install_on_full_disk() {
  local before
  step "install on a full disk"
  on_full_disk /etc/belfry 10
  if dpkg -i "$PACKAGES"/*.deb >/tmp/test/full.log 2>&1; then fail "it did not notice the full disk"; fi
  grep -qE 'No space left on device|the disk may be full' /tmp/test/full.log ||
    fail "it does not say why: $(cat /tmp/test/full.log)"
  expect_text "dpkg --configure -a" cat /tmp/test/full.log
  before="$(find /etc/belfry -type f -size +0 -name '*.json' -exec sha256sum {} +)"
  [[ -n "$before" ]] || fail "no keys were made before the disk was full; the test has too little room"
  with_room /etc/belfry
  dpkg --configure -a >/tmp/test/full.log 2>&1 || {
    cat /tmp/test/full.log
    fail "dpkg --configure -a with room"
  }
  sha256sum --quiet -c <<<"$before" || fail "keys have changed"
  cp -a /etc/belfry /tmp/test/etc
  umount /etc/belfry
  cp -a /tmp/test/etc/. /etc/belfry/
}

# Wherever in the making of keys the disk is full: an error, and the next try has all of them.
keys_on_full_disk() {
  local pages service root failed ok=""
  step "keys on a full disk"
  for ((pages = 1; pages <= 40; pages++)); do
    root="/tmp/test/keys-$pages" failed=""
    rm -f /tmp/test/keys.log
    on_full_disk "$root" "$pages"
    for service in store ingest edge; do
      BELFRY_CONFIG_ROOT="$root" /usr/lib/belfry/belfry-setup-keys "$service" \
        >>/tmp/test/keys.log 2>&1 || failed=yes
    done
    if [[ -n "$failed" ]]; then expect_text "belfry-setup-keys: not all keys" cat /tmp/test/keys.log; fi
    with_room "$root"
    for service in store ingest edge; do
      BELFRY_CONFIG_ROOT="$root" /usr/lib/belfry/belfry-setup-keys "$service" || fail "$pages pages: again"
    done
    [[ -z "$(find "$root" -type f -size 0)" ]] || fail "$pages pages: empty: $(find "$root" -type f -size 0)"
    [[ "$(find "$root" -type f | wc -l)" -eq 19 ]] || fail "$pages pages: $(find "$root")"
    umount "$root"
    if [[ -z "$failed" ]]; then
      ok=yes
      break
    fi
  done
  [[ -n "$ok" && "$pages" -ge 19 ]] || fail "the keys need $pages pages: the test does not test"
}

check_install() {
  local unit
  step "units"
  for unit in "${SERVICES[@]}" belfry-store-backup; do
    # Debian's /lib is a link to /usr/lib, and dpkg knows one name of a file.
    dpkg -S "/usr/lib/systemd/system/$unit.service" >/dev/null || fail "$unit is not in /usr/lib"
    systemd-analyze verify --man=no "/usr/lib/systemd/system/$unit.service" ||
      fail "systemd-analyze verify $unit"
    systemd-analyze security --offline=true --threshold=25 --no-pager \
      "/usr/lib/systemd/system/$unit.service" >/tmp/test/security.log || {
      cat /tmp/test/security.log
      fail "$unit is exposed above 2.5"
    }
  done
}

check_keys() {
  local service file wanted
  step "keys belong to those who need them"
  [[ "$(stat -c '%U %a' /etc/belfry/keys)" == "root 700" ]] || fail "/etc/belfry/keys"
  for service in store ingest edge; do
    wanted="$(/usr/lib/belfry/belfry-make-keys --files "$service" | tr ' ' '\n' | sort)"
    [[ "$(ls "/etc/belfry/$service")" == "$wanted" ]] || fail "$service: $(ls "/etc/belfry/$service")"
    for file in $wanted; do
      [[ "$(stat -c '%U %G %a' "/etc/belfry/$service/$file")" == "belfry-$service belfry-$service 600" ]] ||
        fail "$service/$file: $(stat -c '%U %G %a' "/etc/belfry/$service/$file")"
    done
  done
  if as belfry-edge cat /etc/belfry/ingest/api-keys.json 2>/dev/null; then
    fail "the edge reads ingest's keys"
  fi
}

check_programs() {
  local program page
  step "programs, pages, completion"
  for program in belfry "${SERVICES[@]}"; do
    [[ "$("$program" --version)" =~ ^$program\ [0-9.]+\ \(commit\ .*protocol\ v1 ]] ||
      fail "$program --version: $("$program" --version)"
    check_page "/usr/share/man/man1/$program.1.gz"
    zgrep -q '^\.SH NAME' "/usr/share/man/man1/$program.1.gz" || fail "no page of $program"
  done
  for page in NOTIFY "KEYS NEW"; do
    zgrep -q "COMMAND $page" /usr/share/man/man1/belfry.1.gz || fail "belfry(1) has no COMMAND $page"
  done
  expect_text "storage format" belfry-store --version
  check_completion
}

check_page() {
  local warnings
  warnings="$(MANWIDTH=80 man --warnings -l "$1" 2>&1 >/tmp/test/page)"
  [[ -z "$warnings" ]] || fail "$1: $warnings"
  # In columns: a hyphen of UTF-8 has three bytes.
  [[ "$(wc -L </tmp/test/page)" -le 80 ]] || fail "$1 is $(wc -L </tmp/test/page) columns wide"
}

# completes WANTED WORD...: the last word is completed to exactly that.
completes() {
  local wanted="$1" found
  shift
  # shellcheck disable=SC2016  # for the inner shell
  found="$(bash -c 'source /usr/share/bash-completion/completions/belfry
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _belfry; echo "${COMPREPLY[@]}"' bash "$@")"
  [[ "$found" == "$wanted" ]] || fail "$* is completed to: $found"
}

check_completion() {
  completes "notify" belfry not
  completes "new" belfry keys ""
  completes "--file --help --id --project --scopes" belfry keys new --
  completes "error info success warning" belfry notify --level ""
  completes "" belfry notify --title ""
  completes "backup check drop-project restore" belfry-store ""
  completes "--edge-ticket-stream-max --edge-trusted-proxies" belfry-edge --edge-t
}

# What the timer starts, as its unit has it.
backup() {
  local words
  step "a backup by its unit"
  read -ra words < <(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/belfry-store-backup.service)
  as "$(sed -n 's/^User=//p' /usr/lib/systemd/system/belfry-store-backup.service)" "${words[@]}" ||
    fail "${words[*]}"
  [[ "$(stat -c '%U %a' /var/backups/belfry)" == "belfry-store 700" ]] || fail "/var/backups/belfry"
  as belfry-store belfry-store backup verify --from /var/backups/belfry --backup 1 || fail "the backup is bad"
}

check_bad_input() {
  local before
  step "what is wrong is named with what to do, and nothing is changed"
  before="$(what_is_there)"
  missing_key
  expect_text "ss -ltnp" occupied_port 127.0.0.1:8080 belfry-edge
  expect_text "ss -ltnp" occupied_port 127.0.0.1:7200 belfry-store
  wrong_owner
  [[ "$(what_is_there)" == "$before" ]] || fail "changed: $(diff <(echo "$before") <(what_is_there))"
}

# Settings and keys, and the owners and modes of these and of the data. What is in the data is looked at
# by later_data.
what_is_there() {
  find /etc/belfry /var/lib/belfry -not -path '*/store/db/*' -printf '%p %u %g %m\n' | sort
  find /etc/belfry -type f -exec sha256sum {} + | sort
}

# A key of each service: what makes it is said, and does.
missing_key() {
  local file service
  for file in store/internal-keys.json store/nats-store.txt ingest/api-keys.json ingest/ingest.key \
    edge/jwt-keys.json edge/announce-keys.json; do
    service="${file%/*}"
    mv "/etc/belfry/$file" /tmp/test/kept
    expect_text "/etc/belfry/$file: No such file or directory" \
      unit start "belfry-$service" "$RUNS" --expect-failure
    expect_text "/usr/lib/belfry/belfry-setup-keys" unit start "belfry-$service" "$RUNS" --expect-failure
    /usr/lib/belfry/belfry-setup-keys "$service" || fail "belfry-setup-keys $service"
    cmp "/etc/belfry/$file" /tmp/test/kept || fail "$file is another one now"
  done
}

wrong_owner() {
  local data=/var/lib/belfry/store key=/etc/belfry/edge/jwt-keys.json
  chown root "$data"
  expect_text "$data belongs to user 0" unit start belfry-store "$RUNS" --expect-failure
  expect_text "chown -R $(id -u belfry-store) $data" unit start belfry-store "$RUNS" --expect-failure
  chown belfry-store "$data"
  # Root could open the data, and what it writes there would be closed to the store.
  expect_text "chown -R 0 $data" /usr/bin/belfry-store --config /etc/belfry/store.toml
  chown root "$key"
  expect_text "chown $(id -u belfry-edge) $key" unit start belfry-edge "$RUNS" --expect-failure
  chown belfry-edge "$key"
}

# The data of a later release under these packages: refused, with what to do, and left as it is.
later_data() {
  local meta=(--db=/var/lib/belfry/store/db --column_family=meta --value_hex)
  local format
  step "data of a later release"
  format="$(as belfry-store ldb "${meta[@]}" get format)"
  as belfry-store ldb "${meta[@]}" put format 0x00000000000000FF >/dev/null || fail "ldb put"
  expect_text "its format is 255" unit start belfry-store "$RUNS" --expect-failure
  expect_text "install that version again" unit start belfry-store "$RUNS" --expect-failure
  as belfry-store ldb "${meta[@]}" put format "$format" >/dev/null || fail "ldb put"
  start_all
  expect_text "Before the upgrade" belfry_root list --user kept
}

# occupied_port ADDRESS SERVICE: it does not start while somebody else listens there.
occupied_port() {
  local listener code=0
  python3 -c 'import socket, sys, time
host, port = sys.argv[1].split(":")
s = socket.create_server((host, int(port))); print("up", flush=True); time.sleep(60)' "$1" \
    >/tmp/test/occupied &
  listener=$!
  until grep -q up /tmp/test/occupied; do sleep 0.05; done
  expect_text "$1: Address already in use" unit start "$2" "$RUNS" --expect-failure
  unit start "$2" "$RUNS" --expect-failure || code=$?
  kill "$listener"
  return "$code"
}

upgrade() {
  local before
  step "upgrade"
  belfry_root notify --user kept --title "Before the upgrade" >/dev/null
  printf '# mine\n' >>/etc/belfry/edge.toml
  before="$(cat /etc/belfry/keys/* /etc/belfry/*/*.json | sha256sum)"
  dpkg -i "$LATER"/*.deb >/tmp/test/upgrade.log 2>&1 </dev/null || {
    cat /tmp/test/upgrade.log
    fail "dpkg -i of the next revision"
  }
  stop_all
  start_all
  grep -q '^# mine$' /etc/belfry/edge.toml || fail "a changed setting is gone"
  [[ "$(cat /etc/belfry/keys/* /etc/belfry/*/*.json | sha256sum)" == "$before" ]] ||
    fail "keys have changed"
  expect_text "Before the upgrade" belfry_root list --user kept
}

# The CLI with the keys of this machine.
belfry_root() {
  BELFRY_API_KEY="$(cat /etc/belfry/keys/api-key.txt)" belfry "$@"
}

purge() {
  local before left
  step "purge"
  stop_all
  before="$(find /var/backups/belfry | sort)"
  dpkg -P belfry-local belfry-edge belfry-ingest belfry-store belfry >/tmp/test/purge.log 2>&1 || {
    cat /tmp/test/purge.log
    fail "dpkg -P"
  }
  left="$(find /etc /usr /var/lib/belfry /var/backups -path '*belfry*' 2>/dev/null | sort || true)"
  [[ "$left" == "$before" ]] || fail "left behind, or gone: $(diff <(echo "$before") <(echo "$left"))"
}

in_chroot() {
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
  unset "${!BELFRY_@}"
  cd /
  mkdir -p "$RUNS"
  chmod 755 /tmp/test "$RUNS"
  install_on_full_disk
  check_install
  check_keys
  keys_on_full_disk
  check_programs
  step "start by the units, and one notification"
  start_all
  belfry-local || fail "belfry-local"
  backup
  step "reload"
  kill -HUP "$(cat "$RUNS/belfry-edge.pid")"
  upgrade
  belfry-local || fail "belfry-local after the upgrade"
  stop_all
  check_bad_input
  later_data
  purge
  echo "packages: installed, started, upgraded, purged"
}

case "${1:-}" in
  --inside) enter_root "$2" ;;
  --chroot) in_chroot ;;
  "") fail "usage: package_test.sh BUILD_FOLDER" ;;
  *) outside "$1" ;;
esac
