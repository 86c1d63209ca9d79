# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev test trixie [LANE...]: the lanes that compiled code is judged by, or those named, on Debian 13.
# It is installed into build/trixie/root, the checkout is copied to /src there, and the same ./dev runs
# in it. What it has installed and built stays for the next time.
#
# Not in CI: the first time it takes an hour of two cores and 6 GB.

TRIXIE_DIR=build/trixie
TRIXIE_MIRROR=http://deb.debian.org/debian
TRIXIE_LANES=(unit integration system)

test_trixie() {
  local lane lanes=() failed=()
  while [[ $# -gt 0 && "$1" != -* ]]; do
    [[ " ${LANES[*]} " == *" $1 "* && "$1" != trixie ]] ||
      die "test trixie: no such lane: $1"
    lanes+=("$1")
    shift
  done
  [[ ${#lanes[@]} -gt 0 ]] || lanes=("${TRIXIE_LANES[@]}")
  [[ "$(id -u)" -eq 0 ]] || die "test trixie: needs root, to enter a folder as a system of its own"
  want_commands debootstrap:debootstrap unshare:util-linux tar:tar git:git
  install_wanted
  trixie_root
  trixie_sources
  for lane in "${lanes[@]}"; do
    step "Debian 13: $lane"
    timed "Debian 13: $lane" in_trixie ./dev test "$lane" "$@" || failed+=("$lane")
  done
  [[ ${#failed[@]} -eq 0 ]] || die "Debian 13: these lanes failed: ${failed[*]}"
}

# in_trixie COMMAND...: run in /src of Debian 13, in mount and pid namespaces of its own, so that nothing
# stays mounted and nothing runs on. Of the environment it gets BELFRY_JOBS.
in_trixie() {
  # shellcheck disable=SC2016  # for the inner shell
  unshare --mount --pid --fork --kill-child bash -c '
    set -euo pipefail
    root="$1"
    shift
    mount --bind "$root" "$root" # only a mount can be a root of namespaces in it
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --rbind /sys "$root/sys"
    mount -t tmpfs tmpfs "$root/run"
    cd "$root"
    mkdir -p outside
    pivot_root . outside
    exec chroot . env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      LC_ALL=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
      ${BELFRY_JOBS:+BELFRY_JOBS="$BELFRY_JOBS"} \
      sh -c '\''umount -l /outside && rmdir /outside && cd /src && exec "$@"'\'' sh "$@"' bash "$ROOT/$TRIXIE_DIR/root" "$@"
}

# A minimal Debian 13 that trusts the certificates which this machine trusts.
trixie_root() {
  local root="$TRIXIE_DIR/root"
  if [[ ! -d "$root" ]]; then
    step "installing Debian 13 into $root"
    rm -rf "$root.new"
    mkdir -p "$TRIXIE_DIR"
    debootstrap --variant=minbase --include=ca-certificates,git trixie "$root.new" "$TRIXIE_MIRROR" >&2 ||
      die "debootstrap could not install Debian 13"
    # What is half installed after a power cut is installed again: dpkg need not wait for the disk.
    echo force-unsafe-io >"$root.new/etc/dpkg/dpkg.cfg.d/unsafe-io"
    mv "$root.new" "$root"
  fi
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >&2 || die "Debian 13 does not take this machine's certificates"
  fi
}

# What git knows or would take, with its times, so that only what has changed is built again. What a
# build has put beside it stays.
trixie_sources() {
  local src="$TRIXIE_DIR/root/src"
  mkdir -p "$src"
  find "$src" -name node_modules -prune -o -path "$src/build" -prune -o -type f -print0 | xargs -0r rm -f
  git ls-files -co --exclude-standard -z |
    while IFS= read -r -d '' file; do [[ ! -e "$file" ]] || printf '%s\0' "$file"; done |
    tar --null -T - -cf - | tar -xf - -C "$src" || die "the checkout could not be copied"
}
