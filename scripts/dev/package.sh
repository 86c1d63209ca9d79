# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# ./dev package: Debian packages of what a preset has built, in build/packages.

PACKAGE_COMMANDS=(dpkg-buildpackage:dpkg-dev dh:debhelper help2man:help2man lintian:lintian)
# The test of the packages makes data of a later release with it.
PACKAGE_TEST_COMMANDS=(ldb:rocksdb-tools)
PACKAGES_DIR=build/packages

# run_package [--preset NAME] [--revision N]
run_package() {
  local preset=release revision=1
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --preset | --revision)
        [[ "${2:-}" =~ ^[a-z0-9.~+]+$ ]] || die "package: $1 needs a word of [a-z0-9.~+]"
        if [[ "$1" == --preset ]]; then preset="$2"; else revision="$2"; fi
        shift
        ;;
      *) die "package: unknown argument $1" ;;
    esac
    shift
  done
  want_build
  want_commands "${PACKAGE_COMMANDS[@]}"
  install_wanted
  build "$preset" belfry belfry-store belfry-ingest belfry-edge
  if [[ "$preset" == release ]]; then
    deploy/check-hardening.sh build/release/bin/belfry{,-store,-ingest,-edge} >&2 ||
      die "the programs are not hardened"
  fi
  step "packaging build/$preset"
  deploy/make-packages.sh "build/$preset" "$revision" "$ROOT/$PACKAGES_DIR"
  step "checking the packages"
  lintian --fail-on error --suppress-tags bad-distribution-in-changes-file "$PACKAGES_DIR"/*.changes >&2 ||
    die "lintian found errors"
  ls -1 "$PACKAGES_DIR"/*.deb
}
