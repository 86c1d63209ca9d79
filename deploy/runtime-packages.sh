#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the Debian packages whose libraries the given binaries load, one per line, so that the
# runtime image has exactly those and the list never has to be kept by hand.
set -eu

# dpkg knows a library by the path it was packaged with: /lib or /usr/lib, which are one folder.
package_of() {
  file="$(readlink -f "$1")"
  dpkg -S "$file" 2>/dev/null || dpkg -S "${file#/usr}"
}

for binary in "$@"; do
  ldd "$binary"
done | awk '$3 ~ /^\// {print $3}' | sort -u | while read -r library; do
  package_of "$library"
done | cut -d: -f1 | sort -u
