#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# belfry-setup-keys store|ingest|edge: makes the keys of this machine in /etc/belfry/keys, for root
# only, unless they are there, and gives the service the copies it needs in /etc/belfry/SERVICE, for
# its own user only. Files that are there are never replaced. The packages run it when they are
# installed; on a machine of several, put the first machine's keys there instead.
set -eu
service="${1:-}"
root="${BELFRY_CONFIG_ROOT:-/etc/belfry}"
case "$service" in
  store | ingest | edge) ;;
  *)
    echo "belfry-setup-keys: no such service: $service (store, ingest, edge)" >&2
    exit 2
    ;;
esac

made=""
say_what_to_do() {
  [ -n "$made" ] || cat >&2 <<TEXT
belfry-setup-keys: not all keys of belfry-$service are made in $root. No file that was there is changed.
Mend what is said above; then run /usr/lib/belfry/belfry-setup-keys $service, or "dpkg --configure -a"
if this was an installation.
TEXT
}
trap say_what_to_do EXIT

install -d -m 0700 "$root/keys"
install -d -m 0750 -o root -g "belfry-$service" "$root/$service"
"$(dirname "$0")/belfry-make-keys" "$root/keys" "$service=$root/$service:belfry-$service"
made=yes
