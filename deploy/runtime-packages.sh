#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the Debian packages whose libraries the given binaries load, one per line, so that the
# runtime image has exactly those and the list never has to be kept by hand.
set -eu

for binary in "$@"; do
  ldd "$binary"
done | awk '$3 ~ /^\// {print $3}' | sort -u | xargs readlink -f |
  # dpkg knows a library by the path it was packaged with: /lib or /usr/lib, which are one folder. It is
  # asked once for all, and says on stderr which it does not know.
  awk '{print; sub("^/usr", ""); print}' | { xargs dpkg -S 2>/dev/null || true; } |
  cut -d: -f1 | sort -u
