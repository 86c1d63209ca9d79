#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-man.sh PROGRAM [NAME]: prints the manual page of a program, made from its --help and --version.
# The help of each subcommand becomes a section of its own.
set -eu
program="$1"
name="${2:-$(basename "$program")}"
case "$name" in
  belfry) what="publish notifications, follow streams, make tokens and keys" ;;
  belfry-store) what="order, commit and announce notifications" ;;
  belfry-ingest) what="take notifications from producers" ;;
  belfry-edge) what="hold browsers' streams and answer their API" ;;
  belfry-local) what="show that belfry works on this machine" ;;
  *)
    echo "make-man.sh: no description of $name" >&2
    exit 2
    ;;
esac
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
if [ "$name" != "$(basename "$program")" ]; then
  cp "$program" "$scratch/$name"
  program="$scratch/$name"
fi

"$program" --help >"$scratch/help"
awk '/^[A-Z].*:$/ { on = /^(Subcommands|Commands)/ } on && /^  [a-z]/ { print $1 }' "$scratch/help" \
  >"$scratch/commands"
printf '[BUGS]\nSECURITY.md in the sources says how to report a vulnerability.\n' >"$scratch/sections"
while read -r command; do
  "$program" "$command" --help >"$scratch/help"
  printf '\n[COMMAND %s]\n.nf\n' "$(printf '%s' "$command" | tr '[:lower:]' '[:upper:]')"
  sed -e '/^Examples:/,$d' -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" "$scratch/help"
  printf '.fi\n'
done <"$scratch/commands" >>"$scratch/sections"
version="$("$program" --version | head -n 1 | cut -d' ' -f2)"
help2man --no-info --section=1 --name="$what" --version-string="$version" \
  --include="$scratch/sections" "$program"
