#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run-proxy.sh [NAME [SECONDS]]: nginx in the foreground in front of the edges, which are all addresses of
# NAME (edge). nginx looks a name up once, when it starts or is reloaded: this looks every so many seconds
# (2) and reloads nginx when edges have come, gone or moved. Streams stay with nginx's old processes
# until they end. SIGTERM and SIGQUIT reach nginx.
set -eu
name="${1:-edge}"
seconds="${2:-2}"

addresses() { getent ahostsv4 "$name" | cut -d' ' -f1 | sort -u; }

known="$(addresses)"
until [ -n "$known" ]; do
  sleep 1
  known="$(addresses)"
done
nginx -e stderr -g "daemon off;" &
nginx=$!
trap 'kill -TERM "$nginx"' TERM INT
trap 'kill -QUIT "$nginx"' QUIT
while kill -0 "$nginx" 2>/dev/null; do
  # In the background, because a shell runs its traps only between commands.
  sleep "$seconds" &
  wait $! || true
  now="$(addresses)"
  # While none is found the last ones stay: the name's server may be away, and nginx would not start without any.
  if [ -n "$now" ] && [ "$now" != "$known" ]; then
    if nginx -e stderr -s reload; then known="$now"; fi
  fi
done
wait "$nginx"
