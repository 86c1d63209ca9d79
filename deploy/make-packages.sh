#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make-packages.sh BUILD REVISION OUT: Debian packages of the programs in the build folder BUILD, into
# the folder OUT, which is emptied. ./dev package builds and calls it.
#
# A package's maintainer is who builds it, as Debian's own tools know them: DEBFULLNAME and DEBEMAIL.
# Without these it is nobody, at a domain that is reserved for such names. Their date is SOURCE_DATE_EPOCH,
# else the last commit's, or in sources without git that of their CHANGELOG.md.
set -euo pipefail
source="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
build="$(cd "$1" && pwd)"
out="$3"
# The version's only place is CMakeLists.txt.
version="$(sed -n 's/^project(belfry VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")-$2"
maintainer="${DEBFULLNAME:-The belfry authors} <${DEBEMAIL:-maintainers@belfry.invalid}>"

source_date() {
  if [[ -n "${SOURCE_DATE_EPOCH:-}" ]]; then
    echo "$SOURCE_DATE_EPOCH"
  elif [[ -e "$source/.git" ]]; then
    git -C "$source" log -1 --format=%ct
  else
    stat -c %Y "$source/CHANGELOG.md"
  fi
}

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/belfry" "$out"
rm -f "$out"/*
date="$(date -R -d "@$(source_date)")"
cp -r "$source/deploy/debian" "$scratch/belfry/debian"
sed -i "s/^Maintainer: .*/Maintainer: ${maintainer//[\/&\\]/\\&}/" "$scratch/belfry/debian/control"
cat >"$scratch/belfry/debian/changelog" <<ENTRY
belfry ($version) unstable; urgency=medium

  * CHANGELOG.md of the sources says what has changed.

 -- $maintainer  $date
ENTRY
cd "$scratch/belfry"
BELFRY_BUILD="$build" BELFRY_SOURCE="$source" \
  dpkg-buildpackage --build=binary --no-sign --no-check-builddeps >"$scratch/belfry/log" 2>&1 || {
  tail -n 40 "$scratch/belfry/log" >&2
  echo "make-packages.sh: dpkg-buildpackage failed" >&2
  exit 1
}
find "$scratch" -maxdepth 1 -type f -exec mv -t "$out" {} +
