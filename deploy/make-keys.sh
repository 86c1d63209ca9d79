#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-keys.sh FOLDER [SERVICE=FOLDER[:USER]...]: makes the stack's keys in the first folder, unless they
# are there, and gives each service copies of its own ones in a folder of its own, as files that only
# USER reads (else who runs this). Files that are there are never replaced.
#
# make-keys.sh --files SERVICE: the names of that service's files. The first folder alone has
# api-key.txt, the producer's key itself, for whoever publishes.
set -eu

# The one list of who needs what: the store verifies ingest and edges, announces and publishes to NATS;
# ingest verifies producers; edges verify browsers and announcements and subscribe to NATS.
files_of() {
  case "$1" in
    store) echo "internal-keys.json announce-keys.json nats-store.txt" ;;
    ingest) echo "api-keys.json ingest.key" ;;
    edge) echo "jwt-keys.json edge.key announce-keys.json nats-edge.txt" ;;
    nats) echo "nats-users.conf" ;;
    *)
      echo "${0##*/}: no such service: $1 (store, ingest, edge, nats)" >&2
      return 2
      ;;
  esac
}

if [ "${1:-}" = --files ]; then
  files_of "${2:-}"
  exit
fi
if [ -z "${1:-}" ]; then
  echo "usage: ${0##*/} FOLDER [SERVICE=FOLDER[:USER]...]" >&2
  exit 2
fi
folder="$1"
shift
# What is wrong is said before anything is made.
for copies in "$@"; do
  case "$copies" in
    *=?*) files_of "${copies%%=*}" >/dev/null ;;
    *)
      echo "${0##*/}: $copies is not SERVICE=FOLDER" >&2
      exit 2
      ;;
  esac
done
umask 077
mkdir -p "$folder"
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

# give SERVICE FOLDER [USER]
give() {
  files="$(files_of "$1")"
  mkdir -p "$2"
  for file in $files; do
    [ ! -e "$2/$file" ] || continue
    install -m 0600 ${3:+-o "$3" -g "$3"} "$folder/$file" "$2/$file.new"
    mv "$2/$file.new" "$2/$file"
  done
}
for copies in "$@"; do
  place="${copies#*=}"
  case "$place" in
    *:*) give "${copies%%=*}" "${place%:*}" "${place##*:}" ;;
    *) give "${copies%%=*}" "$place" ;;
  esac
done
