#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make-packages.sh BUILD REVISION OUT: Debian packages of the programs in the build folder BUILD, into
# the folder OUT, which is emptied. ./dev package builds and calls it.
set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$(cd "$1" && pwd)"
out="$3"
# The version's only place is CMakeLists.txt.
version="$(sed -n 's/^project(belfry VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")-$2"

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/belfry" "$out"
rm -f "$out"/*
cp -r "$source/deploy/debian" "$scratch/belfry/debian"
cat >"$scratch/belfry/debian/changelog" <<ENTRY
belfry ($version) unstable; urgency=medium

  * CHANGELOG.md of the sources says what has changed.

 -- The belfry authors <maintainers@belfry.invalid>  $(date -R -d "@$(git -C "$source" log -1 --format=%ct)")
ENTRY
cd "$scratch/belfry"
BELFRY_BUILD="$build" BELFRY_SOURCE="$source" \
  dpkg-buildpackage --build=binary --no-sign --no-check-builddeps >"$scratch/belfry/log" 2>&1 || {
  tail -n 40 "$scratch/belfry/log" >&2
  echo "make-packages.sh: dpkg-buildpackage failed" >&2
  exit 1
}
find "$scratch" -maxdepth 1 -type f -exec mv -t "$out" {} +
