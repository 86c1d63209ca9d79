#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the stack's keys in the folder $1 unless they are there: api-keys.json for ingest,
# jwt-keys.json for the edges, announce-keys.json for store and edges, api-key.txt (the producer's
# key itself) for whoever publishes, and the users of NATS.
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
if [ ! -f "$folder/api-keys.json" ]; then
  belfry keys new --file "$folder/api-keys.json.new" --id compose --project demo \
    --scopes notify,broadcast,inbox,audience >"$folder/api-key.txt"
  mv "$folder/api-keys.json.new" "$folder/api-keys.json"
fi
"$(dirname "$0")/make-nats-users.sh" "$folder"
