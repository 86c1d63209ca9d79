#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the users of NATS in the folder $1 unless they are there: nats-users.conf for nats-server (the
# store may publish, edges may subscribe, nobody else may connect), nats-store.txt and
# nats-edge.txt (user:password) for the services. All of them only their owner may read.
set -eu
folder="$1"
[ ! -f "$folder/nats-users.conf" ] || exit 0
umask 077
password() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
store="$(password)"
edge="$(password)"
# By cat, which says why it cannot write; printf of dash does not.
echo "store:$store" | cat >"$folder/nats-store.txt"
echo "edge:$edge" | cat >"$folder/nats-edge.txt"
cat >"$folder/nats-users.conf.new" <<CONF
authorization {
  users = [
    {
      user: store
      password: "$store"
      permissions: { publish: { allow: "belfry.v1.>" }, subscribe: { deny: ">" } }
    }
    {
      user: edge
      password: "$edge"
      permissions: { publish: { deny: ">" }, subscribe: { allow: "belfry.v1.>" } }
    }
  ]
}
CONF
mv "$folder/nats-users.conf.new" "$folder/nats-users.conf"
