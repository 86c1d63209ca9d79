#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the stack's keys in the folder $1 unless they are there: internal-keys.json for the store, and
# with it ingest.key and edge.key, by which it knows them; api-keys.json for ingest, jwt-keys.json for
# the edges, announce-keys.json for store and edges, api-key.txt (the producer's key itself) for
# whoever publishes, and the users of NATS.
set -eu
folder="$1"
umask 077
if [ ! -f "$folder/jwt-keys.json" ]; then
  belfry jwt-keys new >"$folder/jwt-keys.json.new"
  mv "$folder/jwt-keys.json.new" "$folder/jwt-keys.json"
fi
if [ ! -f "$folder/announce-keys.json" ]; then
  belfry announce-keys new --file "$folder/announce-keys.json"
fi
if [ ! -f "$folder/internal-keys.json" ] || [ ! -f "$folder/edge.key" ]; then
  rm -f "$folder/internal-keys.json.new"
  for role in ingest edge; do
    belfry internal-keys new --file "$folder/internal-keys.json.new" --id "$role" --roles "$role" \
      >"$folder/$role.key"
  done
  mv "$folder/internal-keys.json.new" "$folder/internal-keys.json"
fi
if [ ! -f "$folder/api-keys.json" ]; then
  rm -f "$folder/api-keys.json.new"
  belfry keys new --file "$folder/api-keys.json.new" --id compose --project demo \
    --scopes notify,broadcast,inbox,audience >"$folder/api-key.txt"
  mv "$folder/api-keys.json.new" "$folder/api-keys.json"
fi
"$(dirname "$0")/make-nats-users.sh" "$folder"
