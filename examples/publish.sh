#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Publishes one notification: sh publish.sh USER TITLE
# The two must need no escapes in JSON; a program that takes any text uses a JSON library.
#
# curl's own --retry tries again without an answer, after 408, 429 and 5xx, and goes by Retry-After;
# the key is the same in all attempts.
set -eu
key="$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')"
answer="$(curl -sS --max-time 10 --retry 20 --retry-all-errors --retry-max-time 30 \
  --write-out '\n%{http_code}' "http://$BELFRY_INGEST_HTTP/v1/notify" \
  -H "Authorization: Bearer $BELFRY_API_KEY" -H 'Content-Type: application/json' \
  -H "Idempotency-Key: $key" -d "{\"userId\":\"$1\",\"title\":\"$2\"}")" || {
  echo 'gave up; whether it was stored is unknown' >&2
  exit 1
}
status="${answer##*
}"
case "$status" in
  2*) printf '%s\n' "$answer" | sed -n 's/.*"id":"\([0-9]*\)".*/\1/p' | tail -n 1 ;;
  *)
    printf '%s\n' "$answer" >&2
    exit 1
    ;;
esac
